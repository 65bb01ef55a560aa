import socket

import pytest

from modellab_dagster.ui import main


def test_a_port_in_use_is_refused_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setattr("sys.argv", ["ui", "--port", str(port)])
        with pytest.raises(SystemExit) as stopped:
            main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err == (
        f"✗ port {port} of 127.0.0.1 can't be used; found Address already in use. "
        f"If Model Lab's UI is running already, open http://127.0.0.1:{port}; else: make ui PORT={port + 1}\n"
    )
