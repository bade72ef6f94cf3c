"""A spec promises things of what it loads: they must be true, since lists and pages read the spec only."""

from iconface_core.extensions.backends import (
    BackendContext,
    BackendSpec,
    DetectorSpec,
    EmbedderSpec,
    IdentifierSpec,
    RestorerSpec,
)

from .expect import expect


def check_spec(spec: BackendSpec, context: BackendContext) -> None:
    """Loads the backend with `context` and compares. Raises ConformanceError at the first difference, and what the
    backend raises where it cannot run."""
    expect(bool(spec.id.strip()) and bool(spec.label.strip()), "id and label must be text")
    # an embedder may know its faces through damage by itself
    roles = {spec.role, EmbedderSpec.role} if isinstance(spec, IdentifierSpec) else {spec.role}
    expect(bool(spec.parts) and all(p.role in roles for p in spec.parts), f"parts must be of the role {spec.role}")
    expect(all(p.licence for p in spec.parts), "each part must state its licence")
    reasons = spec.reasons(context)
    expect(not reasons, f"{spec.id} cannot run here: {'; '.join(reasons)}")
    if isinstance(spec, RestorerSpec):
        _restorer(spec, context)
    elif isinstance(spec, EmbedderSpec):
        facts, embedder = spec.facts(context), spec.load(context)
        told, true = (facts.id, facts.dim, facts.calibration), (embedder.id, embedder.dim, embedder.calibration)
        expect(told == true, f"facts must be those of the embedder: {told}, not {true}")
    elif isinstance(spec, DetectorSpec):
        expect(spec.load(context).id == spec.id, f"the detector's id must be {spec.id!r}")


def _restorer(spec: RestorerSpec, context: BackendContext) -> None:
    restorer = spec.load(context)
    expect(restorer.id == spec.id, f"the restorer's id must be {spec.id!r}, not {restorer.id!r}")
    takes = restorer.max_references > 0
    expect(takes == spec.takes_references, f"takes_references is {spec.takes_references}, the restorer says {takes}")
    digest = spec.weights_sha256(context)
    expect(digest in (None, restorer.weights_sha256), f"weights_sha256 is {digest}, not {restorer.weights_sha256}")
    expect(all(steps >= 1 for steps in spec.quality_steps.values()), "quality_steps must be 1 or more")
    likeness = spec.likeness
    expect(bool(likeness.clear) and bool(likeness.ruined), "likeness must say what to expect without references")
    if spec.gain is not None:
        rises = spec.gain.rises
        expect(len(rises) > 0 and list(rises) == sorted(rises), f"more references must not promise less: {rises}")
