"""Where a run computes, through accelerate: the CPU, one GPU, or one process for each of several GPUs."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from iconface_core.errors import BackendUnavailableError
from iconface_core.training.recipes.recipe import Forward
from iconface_core.untyped import lazy

from .train_config import RuntimeConfig


class Processes:
    """This process among those of the run. Started with `accelerate launch` or `torchrun` there are several.

    Raises BackendUnavailableError when accelerate is not installed.
    """

    def __init__(self, runtime: RuntimeConfig) -> None:
        try:
            accelerator = lazy("accelerate", "Accelerator")
            ddp = lazy("accelerate", "DistributedDataParallelKwargs")
        except ImportError as e:
            raise BackendUnavailableError("training needs accelerate: pip install 'iconface[train]'") from e
        if runtime.threads:
            torch.set_num_threads(runtime.threads)
        # A batch without references leaves the parts that read references without gradient.
        self._accelerator: Any = accelerator(
            cpu=runtime.device == "cpu",
            mixed_precision="no",  # `wrap` does autocast itself: this setting is global to the process
            kwargs_handlers=[ddp(find_unused_parameters=True)],
        )
        self.device: torch.device = self._accelerator.device
        self.rank: int = self._accelerator.process_index
        self.count: int = self._accelerator.num_processes
        self.is_main: bool = self._accelerator.is_main_process

    def wrap(self, module: nn.Module, runtime: RuntimeConfig) -> Forward:
        """Move the module to the device; the result computes in the chosen precision and gives float32."""
        # For one process accelerate would only move the module, after two seconds of imports.
        wrapped: Any = module.to(self.device) if self.count == 1 else self._accelerator.prepare_model(module)
        if runtime.compile:
            wrapped = torch.compile(wrapped)
        return _Forward(wrapped, self.device.type, bfloat16=runtime.precision == "bfloat16")

    def alone(self, module: nn.Module, runtime: RuntimeConfig) -> Forward:
        """As `wrap`, for steps that no other process takes part in and that are too few to compile for."""
        return _Forward(module.to(self.device), self.device.type, bfloat16=runtime.precision == "bfloat16")

    def local(self, forward: Forward) -> AbstractContextManager[None]:
        """Gradients stay in this process inside the block."""
        if self.count == 1 or not isinstance(forward, _Forward):
            return nullcontext()
        context: AbstractContextManager[None] = self._accelerator.no_sync(forward.module)
        return context

    def agree(self, seconds: float, stop: bool) -> tuple[float, bool]:
        """The main process's clock, and whether any process was asked to stop: clocks differ, decisions must not."""
        if self.count == 1:
            return seconds, stop
        values = torch.tensor([seconds if self.is_main else 0.0, float(stop)], device=self.device)
        clock, asked = self._accelerator.reduce(values, reduction="sum").tolist()
        return clock, asked > 0

    def mean(self, values: Tensor) -> Tensor:
        """Element-wise mean over the processes."""
        reduced: Tensor = values if self.count == 1 else self._accelerator.reduce(values, reduction="mean")
        return reduced

    def wait(self) -> None:
        """Until all processes are here."""
        self._accelerator.wait_for_everyone()


class _Forward:
    def __init__(self, module: Any, device: str, *, bfloat16: bool) -> None:
        self.module = module
        self._device, self._bfloat16 = device, bfloat16

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """One tensor, or a tuple of them."""
        with torch.autocast(self._device, dtype=torch.bfloat16, enabled=self._bfloat16):
            output = self.module(*args, **kwargs)
        return output.float() if isinstance(output, Tensor) else tuple(part.float() for part in output)
