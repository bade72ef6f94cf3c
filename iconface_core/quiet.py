"""No library below reports home. Read once, before the first of them is imported (`iconface_core/__init__.py`)."""

from collections.abc import MutableMapping

SILENCE = {
    # Since 1.29 a session looks up a host of Microsoft's and keeps a device id in the user's cache folder.
    # `onnxruntime.disable_telemetry_events()` does not stop that; the variable does, before the import.
    "ORT_DISABLE_TELEMETRY": "1",
    # huggingface_hub counts its users, and looks for updates of itself.
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    # What else may be installed beside it; https://consoledonottrack.com
    "DO_NOT_TRACK": "1",
    "OTEL_SDK_DISABLED": "true",
}


def keep_quiet(environment: MutableMapping[str, str]) -> None:
    """Set what keeps those libraries silent, in this process and in all that it starts; whatever was set before."""
    environment.update(SILENCE)
