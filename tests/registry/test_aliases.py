"""Other ids that people know a variant by: one model, one system, one result."""

from pathlib import Path

import pytest

from modellab.errors import ModelConfigError, UnknownName
from modellab.pipeline.system import resolve_system
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab

from .conftest import WriteModel, config_of

TWO = {"variants": {"one": {}, "two": {}}}


def test_an_alias_is_the_variant_it_stands_for(folder: Path, write_model: WriteModel) -> None:
    write_model("toy", **TWO, aliases={"toy_two": "two"})
    registry = ModelRegistry(folder)
    config, ref = registry.resolve("toy_two")
    assert (config.id, ref) == ("toy", ModelRef(id="toy", variant="two"))
    assert registry.resolve("toy_two@vad")[1] == ref
    assert registry.ids() == ["toy"]
    assert registry.knows("toy_two") and registry.knows("toy") and not registry.knows("toy_three")
    with pytest.raises(UnknownName, match="there is no model 'toy_two'"):
        registry.resolve("toy_two:one")


def test_a_model_of_that_id_comes_first_and_a_broken_folder_is_in_nobodys_way(
    folder: Path, write_model: WriteModel
) -> None:
    write_model("toy", **TWO, aliases={"other": "two", "third": "two"})
    write_model("other")
    (write_model("broken") / "config.yaml").write_text("third: [")
    registry = ModelRegistry(folder)
    assert registry.resolve("other")[1] == ModelRef(id="other", variant="one")
    assert registry.resolve("third")[1] == ModelRef(id="toy", variant="two")


def test_an_alias_of_two_models_is_an_error(folder: Path, write_model: WriteModel) -> None:
    write_model("toy", aliases={"third": "one"})
    write_model("other", aliases={"third": "one"})
    with pytest.raises(ModelConfigError, match=r"'third' is an alias of several models; found other:one, toy:one"):
        ModelRegistry(folder).resolve("third")


@pytest.mark.parametrize("aliases", [{"other": "three"}, {"toy": "one"}])
def test_aliases_of_nothing_and_of_oneself_are_refused(aliases: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="aliases name what is no variant, or are the model's own id"):
        ModelConfig.model_validate(config_of("toy", aliases=aliases))


def test_ids_that_people_know_lead_to_the_variants(lab: Lab) -> None:
    registry = ModelRegistry()
    assert str(registry.resolve("faster_whisper_large_v3")[1]) == "faster_whisper:large-v3"
    assert str(registry.resolve("faster_distil_whisper_large_v3")[1]) == "faster_whisper:distil-large-v3"
    plain = resolve_system("faster_whisper:large-v3", registry, lab)
    assert resolve_system("faster_whisper_large_v3", registry, lab) == plain
    assert resolve_system("meeting+asr=faster_whisper_large_v3", registry, lab).key == (
        resolve_system("meeting+asr=faster_whisper:large-v3", registry, lab).key
    )


def test_no_alias_of_ours_is_a_model_or_another_models_alias() -> None:
    registry = ModelRegistry()
    aliases = [alias for config in registry.configs() for alias in config.aliases]
    assert len(set(aliases)) == len(aliases)
    assert not set(aliases) & set(registry.ids())
