"""clusterize in every tier beside other ways to run N workers, by server program."""

import contextlib
import random
import statistics
from dataclasses import dataclass, field
from typing import NamedTuple

from common.figures import Figures
from common.load import complete
from common.markdown import Bars, head, multiple, row
from common.peers import Gunicorn, Nginx, Pm2, gunicorn_command, nginx_command
from common.processes import cpu_seconds, family, tree
from common.servers import NODE_REUSE_PORT, Bare, Clustered, NodeCluster, free_port, node_command, node_version
from common.tiers import ALL, SHARED, TIER_1, TIER_2, TIER_3, available

WORKERS = 8
CLIENTS = 32
SECONDS = 0.5  # a round: short, so that those that are compared lie close together
WARM_UP = 20000  # requests before the first: Node compiles what is called often

CPU_BARS = {TIER_1: 0.1, TIER_3: 2}  # percent of the time that the run takes


class Round(NamedTuple):
    rate: float  # requests per second
    p50: float  # ms
    p99: float
    unevenness: float  # most answers of a worker by the fewest of one
    cpu: float  # what is above the workers has used, in percent of a CPU
    cost: float  # what they and the workers have used for a request, in microseconds of a CPU


@dataclass
class Way:
    name: str
    arrangement: object  # a context manager with a port, or why there is none
    tier: object = None  # of clusterize
    rounds: dict = field(default_factory=dict)  # by mode

    @property
    def runs(self):
        return not isinstance(self.arrangement, str)

    def pids(self):
        """Of what is above the workers."""
        return family(self.arrangement.pid) if hasattr(self.arrangement, "pid") else []

    def all_pids(self):
        """These and the workers."""
        if hasattr(self.arrangement, "pid"):
            return tree(self.arrangement.pid)
        return [server.pid for server in self.arrangement.servers]

    def of_rounds(self, mode, figure):
        return [getattr(of_one, figure) for of_one in self.rounds[mode]]


@dataclass
class Group:
    """Ways to run one server program."""
    server: str
    ways: list
    other: object = None  # the way that `rr` is compared with, for a connection per request
    limit: float = 0  # so many times its requests per second


@dataclass(frozen=True)
class Mode:
    text: str
    options: dict = field(hash=False)


EACH = Mode("A connection per request", {})
KEPT = Mode("Kept connections", {"keep_alive": True})


def clustered(setting, command, tiers=ALL, **options):
    return [Way(tier.name, Clustered(setting, WORKERS, tier, command, **options), tier) for tier in available(tiers)]


def node_group(setting):
    command = node_command(setting)
    if command is None:
        return Group("Node's http server", [Way("Node", "not installed")])
    node, version = command[0], node_version(command[0])
    primary = Way("Node's cluster module, `rr`", NodeCluster(setting, WORKERS, "rr"))
    pm2 = Pm2(setting, WORKERS) if setting.pm2 else None
    numbers = tuple(int(number) for number in version.split(".")[:2])
    has_reuse_port = numbers >= (23, 1) or (numbers[0] == 22 and numbers[1] >= 12)
    return Group(f"Node {version}'s http server", [
        *clustered(setting, command), primary,
        Way("Node's cluster module, `none`", NodeCluster(setting, WORKERS, "none")),
        Way(f"PM2 {pm2.version()}", pm2) if pm2 else Way("PM2", "with `--pm2`"),
        Way("einhorn", "in neither Debian nor npm; shares one socket, as `none`"),
        Way("bare, `reusePort: true`",
            Bare(node_command(setting, "reuse.js", NODE_REUSE_PORT), WORKERS) if has_reuse_port
            else "not in this Node")], primary, 1.6)


def epoll_group(setting):
    server = [setting.programs["Server"]]
    bare = Way("bare, `SO_REUSEPORT`", Bare(server, WORKERS))
    again = Way("the same once more", Bare(server, WORKERS))  # shows what chance does
    return Group("`Server.cxx`", [*clustered(setting, server), bare, again], bare, 0.97)


def nginx_group(setting):
    if nginx_command(setting, "own", WORKERS, 0) is None:
        return Group("nginx", [Way("nginx", "not installed")])
    ways = []
    for tier in available((TIER_1, TIER_3, SHARED)):
        port = free_port()
        for slot in range(WORKERS):
            command = nginx_command(setting, f"{tier.short}-{slot}".replace(" ", "-"), 1, port)
        command[command.index("-p") + 1] = f"{setting.directory}/nginx-{tier.short.replace(' ', '-')}-{{slot}}"
        ways += clustered(setting, command, [tier], options=["--contract", "nginx", "--expand"], port=port)
    return Group("nginx", [*ways, Way("its own workers, `reuseport`", Nginx(setting, WORKERS))])


def gunicorn_group(setting):
    command = gunicorn_command(setting, 1, "127.0.0.1:{port}")
    if command is None:
        return Group("gunicorn", [Way("gunicorn", "not installed")])
    ways = clustered(setting, command, (TIER_1, TIER_3, SHARED), options=["--expand"])
    return Group("gunicorn", [*ways, Way("its own workers", Gunicorn(setting, WORKERS))])


def rounds_of(setting, group, mode):
    """More of them where something has to be kept."""
    return (60 if group.limit and mode is EACH else 15) * setting.rounds


def measure(setting, group):
    """Fills the ways in, each mode in turns, in an order of its own each time."""
    with contextlib.ExitStack() as stack:
        ways = [way for way in group.ways if way.runs]
        for way in ways:
            stack.enter_context(way.arrangement)
        for mode in (EACH, KEPT):
            for way in ways:
                way.rounds[mode] = []
                complete(setting, way.arrangement.port, requests=WARM_UP, clients=CLIENTS, **mode.options)
            for turn in range(rounds_of(setting, group, mode)):
                for way in random.Random(turn).sample(ways, len(ways)):
                    way.rounds[mode].append(one_round(setting, way, mode))


def one_round(setting, way, mode):
    above, everything = way.pids(), way.all_pids()
    before, before_all = cpu_seconds(above), cpu_seconds(everything)
    found = complete(setting, way.arrangement.port, requests=1000000, seconds=SECONDS, clients=CLIENTS,
                     **mode.options)
    cpu = (cpu_seconds(above) - before) / found.seconds * 100
    cost = (cpu_seconds(everything) - before_all) / len(found.answers) * 1e6
    return Round(found.rate, found.percentile(50), found.percentile(99), found.unevenness(WORKERS), cpu, cost)


def ratio(group, way, mode, figure):
    """To the way that the group is compared with, over the rounds."""
    return statistics.median(mine / other for mine, other in
                             zip(way.of_rounds(mode, figure), group.other.of_rounds(mode, figure)))


def bars(group, way, mode):
    texts = []
    if mode is EACH and group.limit and way is not group.other:
        value = ratio(group, way, mode, "rate")
        text = f"{value:.2f} of {group.other.name}"
        if way.tier in (TIER_1, TIER_2, TIER_3):
            text += " " + Bars.check(f"requests/s, {group.server}, {way.name}", value, group.limit, at_most=False)
        texts += [text, f"{1 / ratio(group, way, mode, 'cost'):.2f} of its requests per CPU second of the servers"]
    if way.tier in CPU_BARS:
        texts.append("CPU " + Bars.check(f"the launcher's CPU, {mode.text}, {group.server}, {way.name}",
                                         statistics.median(way.of_rounds(mode, "cpu")), CPU_BARS[way.tier], form="{:.1f} %"))
    return "; ".join(texts)


def show_way(group, way, mode):
    name = f"{group.server}: {way.name}"
    if not way.runs:
        row(name, *["–"] * 6, way.arrangement)
        return
    medians = Round(*[statistics.median(way.of_rounds(mode, figure)) for figure in Round._fields])
    row(name, f"{medians.rate:.0f}", f"{medians.p50:.2f}", f"{medians.p99:.2f}", multiple(medians.unevenness),
        f"{medians.cpu:.2f}" if hasattr(way.arrangement, "pid") else "–", f"{medians.cost:.0f}",
        bars(group, way, mode))


def show(setting):
    groups = [make(setting) for make in (node_group, epoll_group, nginx_group, gunicorn_group)]
    for group in groups:
        measure(setting, group)
    for mode in (EACH, KEPT):
        head(f"{mode.text}: {WORKERS} workers, {CLIENTS} clients (medians of rounds of {SECONDS} s in turns)", "",
             "requests/s", "p50, ms", "p99, ms", "max/min", "CPU above the workers, %", "CPU a request, µs", "bar")
        for group in groups:
            for way in group.ways:
                show_way(group, way, mode)
            for figure, unit in (("rate", "requests/s"), ("cost", "µs of a CPU for a request")):
                Figures.add("compare", f"{mode.text}, {WORKERS} workers: {group.server}", unit,
                            [(way.name, way.of_rounds(mode, figure), None) for way in group.ways if way.runs])
