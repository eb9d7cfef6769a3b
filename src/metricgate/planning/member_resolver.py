"""A member's name, as written, to the one dimension or entity that it means from a root."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.model import Entity, SemanticModel
from metricgate.planning import codes
from metricgate.planning.graph import JoinGraph, Member
from metricgate.planning.message_subject import MessageSubject
from metricgate.planning.spines import Spines
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Code, Place, Problem

METRIC_TIME = "metric_time"
_GRAINS = {str(grain): grain for grain in Grain}
_SHOWN = 120


def split_grain(text: str) -> tuple[str, Grain | None]:
    """Take a grain's suffix off: ``metric_time__month`` is (``metric_time``, month)."""
    member, _, suffix = text.rpartition("__")
    grain = _GRAINS.get(suffix) if member else None
    return (text, None) if grain is None else (member, grain)


class Visibility(Protocol):
    """What a caller may know of: problems name nothing else."""

    def metric(self, name: str) -> bool:
        """Whether the metric of that full name may be named."""
        ...

    def dimension(self, model: str, name: str) -> bool:
        """Whether that dimension or entity may be named."""
        ...

    def dataset(self, model: str) -> bool:
        """Whether the model may be named."""
        ...


class Resolver:
    """Finds members over one catalog. With a ``sight``, what that does not show counts as absent."""

    def __init__(
        self,
        catalog: Catalog,
        graph: JoinGraph,
        *,
        homes: Mapping[str, tuple[tuple[str, str], ...]] | None = None,
        sight: Visibility | None = None,
    ) -> None:
        self._catalog = catalog
        self._graph = graph
        self._homes = _homes(catalog) if homes is None else homes
        self._sight = sight
        self.spines = Spines(catalog.time_spines)

    def seen_by(self, sight: Visibility) -> Resolver:
        """Return the resolver for questions whose problems are shown to somebody who does not see everything."""
        shown = {
            name: tuple(each for each in homes if sight.dataset(each[0]) and sight.dimension(*each))
            for name, homes in self._homes.items()
        }
        homes = {name: found for name, found in shown.items() if found}
        return Resolver(self._catalog, self._graph, homes=homes, sight=sight)

    def sees_metric(self, name: str) -> bool:
        """Whether the metric of that full name may be named."""
        return self._sight is None or self._sight.metric(name)

    def _sees(self, member: Member) -> bool:
        sight = self._sight
        return sight is None or (
            sight.dataset(member.model)
            and sight.dimension(member.model, member.own_name)
            and all(sight.dataset(hop.to_model) for hop in member.hops)
        )

    def resolve(
        self, name: str, root: str, *, place: str, asked_for: MessageSubject, own_first: bool = False
    ) -> Member | Problem:
        """Return the member, or why ``root`` does not have it.

        Args:
            name: without grain.
            root: the model that is aggregated.
            place: path of the name in the question.
            asked_for: whose member it is to be, for messages.
            own_first: an own dimension or entity of the root wins over joined ones of the same name (metric filters).
        """
        reach = self._graph.reach(root)
        exact = reach.by_name.get(name, ()) or reach.by_name.get(self._without_own_entity(name, root), ())
        if not own_first:  # a metric's own filter is no news to whoever may ask for the metric
            exact = tuple(filter(self._sees, exact))
        own = [member for member in exact if not member.hops]
        found = own or list(exact)
        if not found:
            found = list(reach.by_suffix.get(name, ()))
            if not own_first:
                found = list(filter(self._sees, found))
            else:
                found = [member for member in found if not member.hops] or found
        if not found:
            return self._absent(name, root, place, asked_for)
        if len(found) > 1 or (not exact and not reach.complete):
            return _ambiguous(name, found, place)
        member = found[0]
        if member.entity is not None and len(member.entity.expressions) > 1:
            return composite(name, member.entity, member.model, place)
        return member

    def homes(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return every (model, dimension) that the name may mean, whatever joins there are."""
        return self._homes.get(name) or self._homes.get("__".join(name.split("__")[-2:]), ())

    def shows(self, name: str, sight: Visibility) -> bool:
        """Whether some dimension or entity that the name may mean is there for somebody.

        What is nowhere is looked up like what is hidden, so that the time it takes tells nothing.
        """
        plain = split_grain(name)[0]
        if plain == METRIC_TIME:
            return True
        homes = self.homes(plain)
        seen = [sight.dataset(model) and sight.dimension(model, own) for model, own in homes or ((plain, plain),)]
        return bool(homes) and any(seen)

    @property
    def known(self) -> tuple[str, ...]:
        """Every name by which some model's dimension or entity may be called."""
        return tuple(self._homes)

    def _absent(self, name: str, root: str, place: str, asked_for: MessageSubject) -> Problem:
        shown = name[:_SHOWN]
        where = Place(path=place)
        members = filter(self._sees, self._graph.reach(root).members)
        reachable = [METRIC_TIME, *dict.fromkeys(member.name for member in members)]
        near = did_you_mean(name, reachable) or f"Reachable are: {', '.join(reachable[:12])}."
        if any(map(self.sees_metric, self._catalog.find_metrics(name))) and name.lower() not in self._homes:
            return Problem(
                code=codes.METRIC_AS_MEMBER,
                message=f"{shown!r} is a metric, not a member to group or filter by.",
                where=where,
                hint="Name it under `metrics`.",
            )
        homes = [model for model, _dimension in self.homes(name)]
        others = self._other_paths(name, root)
        if others:
            near = f"It is reached as {' or '.join(repr(each) for each in others[:4])}."
            code, message = codes.NO_PATH, f"No join leads along {shown!r} from {root!r} ({asked_for})."
        elif not homes:
            code, message = codes.UNKNOWN_MEMBER, f"{asked_for.with_verb('has', 'have')} no member {shown!r}."
        else:
            code, message = self._apart(shown, homes, root, asked_for)
        options: list[Json] = list(reachable[:100])
        return Problem(code=code, message=message, where=where, hint=near, details={"reachable": options})

    def _without_own_entity(self, name: str, root: str) -> str:
        """``customer__nation__name`` asked of customers is ``nation__name``: the way through its own rows is no hop."""
        own = self._catalog.models[root].primary_entity
        return "" if own is None or not name.startswith(f"{own}__") else name[len(own) + 2 :]

    def _other_paths(self, name: str, root: str) -> list[str]:
        """Whole names by which ``root`` does reach the member that the end of a wrong path names."""
        homes = set(self.homes(name))
        return [member.name for member in self._graph.reach(root).members if (member.model, member.own_name) in homes]

    def _apart(self, name: str, homes: list[str], root: str, asked_for: MessageSubject) -> tuple[Code, str]:
        models = ", ".join(dict.fromkeys(repr(home) for home in homes))
        if any(self._graph.are_connected(root, home) for home in homes):
            return codes.FAN_OUT, (
                f"{asked_for.with_verb('counts', 'count')} rows of {root!r}; {name!r} is in {models}, where several "
                f"rows may belong to one of {root!r}: joining them would count rows more than once."
            )
        return codes.NO_PATH, f"{name!r} is in {models}, to which no join leads from {root!r} ({asked_for})."


def composite(name: str, entity: Entity, model: str, place: str) -> Problem:
    """Say that the entity's key is not one value."""
    return Problem(
        code=codes.COMPOSITE_ENTITY,
        message=f"{name[:_SHOWN]!r} is a key of {len(entity.expressions)} columns of {model!r}.",
        where=Place(path=place),
        hint="Use a dimension instead.",
    )


def _ambiguous(name: str, found: list[Member], place: str) -> Problem:
    paths: list[Json] = [
        {"write": member.name, "path": [str(hop) for hop in member.hops], "model": member.model} for member in found
    ]
    names = list(dict.fromkeys(member.name for member in found))
    if len(names) < len(found):
        models = " and ".join(dict.fromkeys(repr(member.model) for member in found))
        hint = f"{models} share the name; the models' owner must rename one or add a named relationship."
    else:
        hint = f"Write {' or '.join(repr(each) for each in names[:8])}."
    return Problem(
        code=codes.AMBIGUOUS_PATH,
        message=f"{name[:_SHOWN]!r} is reached by {len(found)} paths: {', '.join(names[:8])}.",
        where=Place(path=place),
        hint=hint,
        details={"paths": paths},
    )


def _homes(catalog: Catalog) -> dict[str, tuple[tuple[str, str], ...]]:
    found: dict[str, dict[tuple[str, str], None]] = {}
    pointing: dict[str, list[str]] = {}
    for model in catalog.models.values():
        for relationship in model.relationships:
            pointing.setdefault(relationship.to_model, []).append(relationship.name)
    for model in catalog.models.values():
        names = [*(each.name for each in model.dimensions), *(each.name for each in model.entities)]
        for name in names:
            home = (model.name, name)
            found.setdefault(name, {})[home] = None
            for prefix in _prefixes(model, pointing.get(model.name, [])):
                found.setdefault(f"{prefix}__{name}", {})[home] = None
    return {name: tuple(homes) for name, homes in found.items()}


def _prefixes(model: SemanticModel, relationships: list[str]) -> list[str]:
    entities = [entity.name for entity in model.entities]
    primary = [] if model.primary_entity is None else [model.primary_entity]
    return list(dict.fromkeys([*primary, *entities, *relationships]))
