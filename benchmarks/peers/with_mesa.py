"""mesa: an agent a timeline, whose step is a week; the model's step activates all agents."""

import math

import mesa
from model import FIRST, HIGH, KEPT, LOW, SECOND, SHOCK, WEEKS


class Timeline(mesa.Agent):
    """A timeline that goes on until a hazard ends it."""

    def __init__(self, model: mesa.Model) -> None:
        super().__init__(model)
        self.a, self.b = (self.random.uniform(LOW, HIGH) for _ in range(2))
        self.drivers = [0.0] * 4
        self.ending = 2

    def week(self) -> None:
        """Move the drivers and draw the hazards; an ended timeline leaves the model."""
        uniform = self.random.random
        self.drivers = [
            kept * driver + shock * (2.0 * uniform() - 1.0)
            for kept, shock, driver in zip(KEPT, SHOCK, self.drivers, strict=True)
        ]
        w, x, y, z = self.drivers
        first = self.a * FIRST * math.exp(0.5 * w - 0.4 * x)
        second = self.b * SECOND * math.exp(0.3 * y + 0.3 * z - 0.2 * w)
        u, chance = uniform(), -math.expm1(-(first + second))
        if u < chance:
            self.model.counts[0 if u * (first + second) < chance * first else 1] += 1
            self.remove()


class Year(mesa.Model):
    """Many timelines at once."""

    def __init__(self, runs: int, seed: int) -> None:
        super().__init__(rng=seed)
        self.counts = [0, 0]
        Timeline.create_agents(self, runs)

    def step(self) -> None:
        """A week of every timeline."""
        self.agents.do("week")


def run(runs: int, seed: int) -> list[int]:
    """Simulate timelines and count their endings."""
    year = Year(runs, seed)
    for _ in range(WEEKS):
        year.step()
    return [*year.counts, len(year.agents)]
