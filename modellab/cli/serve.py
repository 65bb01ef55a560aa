"""`modellab models serve`."""

import sys
from typing import Annotated

import typer

from modellab.cli import completion


def serve(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="Models: ID or ID:VARIANT.",
            autocompletion=completion.models,
            show_default=False,
        ),
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 for one that is free.")],
    host: Annotated[
        str, typer.Option(help="Address of this machine to listen at; where other machines reach it, it takes a token.")
    ] = "127.0.0.1",
) -> None:
    """Serve models to labs elsewhere, which call them as if they ran there, until Ctrl-C or SIGTERM.

    A lab uses them with MODELLAB_REMOTE_MODELS=ID=HOST:PORT, and may if it has the same MODELLAB_SERVE_TOKEN.
    Nothing is encrypted: let the network be one that you trust, or use a tunnel (ssh -L).

    [bold]Example[/bold]

    $ modellab models serve faster_whisper:tiny.en silero_vad --port 8150
    """
    from modellab.registry.hosts.server import serving
    from modellab.registry.registry import ModelRegistry
    from modellab.settings import Lab

    with serving(Lab.from_environment(), ModelRegistry(), names, host, port) as server:
        typer.echo(f"Serving {', '.join(server.names)} at {server.address}. Ctrl-C stops it.")
        ids = dict.fromkeys(name.partition(":")[0] for name in server.names)
        used = ",".join(f"{model_id}={server.address}" for model_id in ids)
        typer.echo(f"Where they are used: MODELLAB_REMOTE_MODELS={used}")
        sys.stdout.flush()
        try:
            server.serve()
        except KeyboardInterrupt:
            typer.echo("Stopped.")
