#include "plan/Adoption.hxx"
#include "plan/NodeInspector.hxx"
#include "util/Text.hxx"
#include "util/UserError.hxx"

#include <fmt/format.h>

#include <algorithm>

namespace plan {

namespace {

using util::UserError;

constexpr unsigned HIGHEST_PORT = 65535;

/** Do the slots of an exclusive port have this one among theirs? */
bool Covers(unsigned exclusive, unsigned workers, unsigned port) noexcept {
    return port == exclusive || (exclusive != 0 && port > exclusive && port < exclusive + workers);
}

bool IsListed(const net::ListenSpec &spec, unsigned port, unsigned workers) {
    return spec.source == net::ListenSpec::Source::OPENED && spec.at.type == SOCK_STREAM &&
           spec.at.address.Port() && Covers(port, workers, *spec.at.address.Port());
}

void CheckPort(const Options &options, unsigned port, unsigned workers) {
    const std::string &source = options.exclusive_source;
    if (port + workers - 1 > HIGHEST_PORT)
        throw UserError(fmt::format("{} {}: {} workers would need ports up to {}, the last is {}",
                                    source, port, workers, port + workers - 1, HIGHEST_PORT));
    for (const net::ListenSpec &spec : options.listeners)
        if (IsListed(spec, port, workers))
            throw UserError(
                fmt::format("{} {} and {} contradict each other: a port is shared, or each worker "
                            "has its own",
                            source, port, util::Quote(spec.text)));
    for (const unsigned other : options.exclusives.Ports())
        if (port != 0 && other > port && Covers(port, workers, other))
            throw UserError(fmt::format("{}: {} and {} are too close together for {} workers",
                                        source, port, other, workers));
}

void CheckPath(const Options &options, const std::string &path, unsigned workers) {
    const std::string &source = options.exclusive_source;
    const std::string longest = workers > 1 ? fmt::format("{}.{}", path, workers - 1) : path;
    if (longest.size() > net::Address::MOST_PATH)
        throw UserError(fmt::format("{} unix:{}: the path of the last worker has {} bytes, the "
                                    "kernel takes {}",
                                    source, path, longest.size(), net::Address::MOST_PATH));
}

void CheckListedPaths(const Options &options) {
    for (const net::ListenSpec &spec : options.listeners)
        if (spec.source == net::ListenSpec::Source::OPENED && !spec.at.address.Port() &&
            options.exclusives.HasPath(spec.at.address.Host()))
            throw UserError(fmt::format("{} unix:{} and {} contradict each other: a path is "
                                        "shared, or each worker has its own",
                                        options.exclusive_source, spec.at.address.Host(),
                                        util::Quote(spec.text)));
}

/** Was the port, or that of another slot, asked for, or is there no room for all of them? */
bool IsTaken(const Options &options, unsigned port, unsigned workers) {
    const auto &ports = options.exclusives.Ports();
    return port + workers - 1 > HIGHEST_PORT ||
           std::any_of(
               options.listeners.begin(), options.listeners.end(),
               [&](const net::ListenSpec &spec) { return IsListed(spec, port, workers); }) ||
           std::any_of(ports.begin(), ports.end(), [&](unsigned other) {
               return Covers(other, workers, port) || Covers(port, workers, other);
           });
}

/** A debugger's port, unless that is asked for, or has no room for all slots. */
std::optional<unsigned> AddInspector(Options &options, const spawn::Environment &environment,
                                     unsigned workers) {
    std::string node_options(environment.Find("NODE_OPTIONS").value_or(""));
    for (const auto &[name, value] : options.assignments)
        if (name == "NODE_OPTIONS")
            node_options = value;
    const auto port = FindNodeInspector(options.command, node_options);
    if (!port || IsTaken(options, *port, workers))
        return std::nullopt;
    options.exclusives.Add(std::to_string(*port));
    // The command line comes after the variable, and has the last word.
    const bool by_command = FindNodeInspector(options.command, "") == port;
    options.said.push_back(
        {"exclusive", by_command ? "--inspect" : "NODE_OPTIONS", std::to_string(*port)});
    return port;
}

} // namespace

adopt::Spec MakeAdopt(Options &options, const spawn::Environment &environment, unsigned workers) {
    if (options.jobs && options.adopt && *options.adopt != adopt::Mode::OFF)
        throw UserError(fmt::format("{} and {} contradict each other: what jobs bind is their own",
                                    options.jobs_source, options.adopt_source));
    const adopt::Mode mode =
        options.jobs ? adopt::Mode::OFF : options.adopt.value_or(adopt::MODES.front().mode);
    if (mode == adopt::Mode::OFF && !options.exclusives.IsEmpty())
        throw UserError(fmt::format(
            "{} and {} contradict each other: without adoption nothing is shared, and "
            "each worker binds what it wants",
            options.exclusive_source, options.jobs ? options.jobs_source : options.adopt_source));
    for (const unsigned port : options.exclusives.Ports())
        CheckPort(options, port, workers);
    for (const std::string &path : options.exclusives.Paths())
        CheckPath(options, path, workers);
    CheckListedPaths(options);
    adopt::Spec spec;
    spec.mode = mode;
    if (mode != adopt::Mode::OFF)
        spec.inspector = AddInspector(options, environment, workers);
    if (!IsTaken(options, adopt::NODE_DEBUGGER_PORT, workers))
        spec.debugger = adopt::NODE_DEBUGGER_PORT;
    spec.exclusives = std::move(options.exclusives);
    return spec;
}

} // namespace plan
