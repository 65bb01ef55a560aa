"""Names that do not exist."""

from modellab.names import unknown_name


def test_a_few_names_are_named_and_many_by_the_command_that_lists_them() -> None:
    few, many = ["alpha", "beta"], [f"name{number:02}" for number in range(21)]
    assert unknown_name("model", "alpah", few, listed_by="modellab models list").allowed == "alpha, beta"
    error = unknown_name("model", "name99", many, listed_by="modellab models list")
    assert error.allowed == "21 names, listed by modellab models list"
    assert unknown_name("metric", "name99", many).allowed == ", ".join(many)
    assert unknown_name("metric", "name99", [], listed_by="modellab models list").allowed == "none are defined"
