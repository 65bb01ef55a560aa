"""`modellab models`."""

import typer

from modellab.cli import environments, fetch, model_list, model_page, model_status, model_table, onboard, serve, verify

app = typer.Typer(name="models", help="The models there are, and whether they run here.", no_args_is_help=True)
app.command(no_args_is_help=True)(environments.install)
app.command()(verify.verify)
app.command(no_args_is_help=True)(fetch.fetch)
app.command(no_args_is_help=True)(model_status.status)
app.command()(model_table.table)
app.command(no_args_is_help=True)(onboard.onboard)
app.command("list")(model_list.list_models)
app.command()(model_page.show)
app.command(no_args_is_help=True)(serve.serve)
