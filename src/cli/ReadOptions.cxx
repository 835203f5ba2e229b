#include "cli/ReadOptions.hxx"
#include "spawn/Environment.hxx"
#include "util/Text.hxx"
#include "util/UserError.hxx"

#include <fmt/format.h>

#include <algorithm>

namespace cli {

namespace {

void Apply(const OptionRow &row, const std::string &source, std::string_view value,
           plan::Options &options, const OptionContext &context) {
    try {
        OptionContext named = context;
        named.source = source;
        row.apply(options, value, named);
        options.said.push_back({row.name, source, std::string(value)});
    } catch (const util::UserError &error) {
        throw util::UserError(fmt::format("{} {}: {}", source, util::Quote(value), error.what()));
    }
}

/** 1/0, and what people write for it. */
bool ParseFlag(const std::string &variable, std::string_view value) {
    if (value == "1" || value == "true" || value == "yes")
        return true;
    if (value == "0" || value == "false" || value == "no" || value.empty())
        return false;
    throw util::UserError(fmt::format("{} {}: must be 1 or 0", variable, util::Quote(value)));
}

void ApplyVariable(const OptionRow &row, const std::string &variable, std::string_view value,
                   plan::Options &options, const OptionContext &context) {
    if (row.IsFlag()) {
        if (ParseFlag(variable, value))
            Apply(row, variable, "", options, context);
        return;
    }
    if (value.empty()) // how a Dockerfile or a CI file unsets one
        return;
    if (!row.repeatable) {
        Apply(row, variable, value, options, context);
        return;
    }
    for (const std::string_view line : util::Split(value, '\n'))
        if (!util::Trim(line).empty())
            Apply(row, variable, util::Trim(line), options, context);
}

/** Kubernetes describes a service named "clusterize" in variables of that form. */
bool IsKubernetes(std::string_view name, std::string_view value) {
    return name.starts_with("CLUSTERIZE_SERVICE_") || name.starts_with("CLUSTERIZE_PORT_") ||
           (name == "CLUSTERIZE_PORT" && value.starts_with("tcp://"));
}

void WarnOfUnknown(const spawn::Environment &environment, std::vector<std::string> &warnings) {
    for (const std::string &entry : environment.Entries()) {
        const auto [name, value] = util::Cut(entry, '=');
        if (name.starts_with("CLUSTERIZE_") && !IsKubernetes(name, value))
            warnings.push_back(fmt::format("{} names no option: ignored", name));
    }
}

} // namespace

plan::Options ReadOptions(const CommandLine &line, spawn::Environment &environment,
                          const OptionContext &context, std::vector<std::string> &warnings) {
    plan::Options options;
    options.command = line.command;
    for (const Use &use : line.uses)
        Apply(*use.row, fmt::format("--{}", use.row->name), use.row->IsFlag() ? "" : use.value,
              options, context);
    const bool any =
        std::any_of(environment.Entries().begin(), environment.Entries().end(),
                    [](const std::string &entry) { return entry.starts_with("CLUSTERIZE_"); });
    if (!any)
        return options;
    for (const OptionRow &row : OptionTable()) {
        if (!row.from_environment)
            continue;
        const std::string variable = VariableName(row);
        const auto found = environment.Find(variable);
        if (!found)
            continue;
        const std::string value(*found);
        environment.Unset(variable);
        const bool named = std::any_of(line.uses.begin(), line.uses.end(),
                                       [&row](const Use &use) { return use.row == &row; });
        if (IsKubernetes(variable, value))
            warnings.push_back(
                fmt::format("{}={} was set by Kubernetes for a service of that name: ignored",
                            variable, value));
        else if (!named)
            ApplyVariable(row, variable, value, options, context);
    }
    WarnOfUnknown(environment, warnings);
    return options;
}

} // namespace cli
