"""Models are dropped when idle, all of them, and come back when needed."""

import threading

from plugin.models.cache import ModelHost


def test_what_is_idle_is_dropped_and_what_is_used_stays():
    loads: list[str] = []

    def loader(name: str):
        def load() -> list[str]:
            loads.append(name)
            return [name]

        return load

    host = ModelHost()
    first, second, never = host.slot(loader("a")), host.slot(loader("b"), exclusive=True), host.slot(loader("c"))
    with first.use() as a:
        with second.use():
            pass
        assert host.unload_idle(1000) == 0, "used a moment ago"
        assert host.unload_idle(0) == 1, "b goes, a is in use"
        assert a == ["a"]
    assert host.unload_idle(0) == 1
    with second.use(), never.use():
        assert loads == ["a", "b", "b", "c"]


def test_a_model_is_not_dropped_under_the_hands_of_another_thread():
    host = ModelHost()
    slot = host.slot(list[str])
    inside, go = threading.Event(), threading.Event()

    def use() -> None:
        with slot.use():
            inside.set()
            go.wait(10)

    thread = threading.Thread(target=use)
    thread.start()
    inside.wait(10)
    assert host.unload_idle(0) == 0
    go.set()
    thread.join()
    assert host.unload_idle(0) == 1
