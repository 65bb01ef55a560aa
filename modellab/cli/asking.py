"""The lab of commands that ask its database."""

from modellab.settings import Lab


def lab_to_ask() -> Lab:
    """The lab, with what runs left that were killed, or are still under way, brought into its database first.

    Nobody waits for that while another process builds. Where it can't be done, what is there is asked all the same, and
    standard error says why it may be old.
    """
    from modellab.cli.console import print_line, stderr
    from modellab.errors import WarehouseError
    from modellab.warehouse.builder import build_unless_another_does

    lab = Lab.from_environment()
    try:
        report = build_unless_another_does(lab)
    except WarehouseError as error:
        if not lab.database.exists():
            raise
        print_line(stderr(), f"! the newest results may be missing: {error}", "yellow")
        return lab
    for problem in report.problems if report else ():
        print_line(stderr(), f"! not in the database: {problem}", "yellow")
    return lab
