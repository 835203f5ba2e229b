#pragma once

#include "net/ListenerKinds.hxx"
#include "plan/Plan.hxx"

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace cli {

/** What rows may look into. */
struct OptionContext {
    const sys::Accounts &accounts;
    net::ListenContext listen;
    std::string source = {}; // "--port", "CLUSTERIZE_PORT": where the value comes from
};

enum class Group : std::uint8_t { WORKERS, LISTENERS, LIFECYCLE, REPORTING };

/** One option. The command line and the environment variable CLUSTERIZE_<NAME> go through the same
 *  `apply`, which checks the value on its own. */
struct OptionRow {
    std::string_view name;
    char letter; // 0: none
    std::string_view value; // what --help shows for the value; empty: a flag
    Group group;
    std::string_view help;
    bool repeatable;
    bool from_environment;

    /** Throws util::UserError with what would be right; the caller names option and value. A flag gets
     *  an empty text. */
    void (*apply)(plan::Options &options, std::string_view text, const OptionContext &context);

    /** For --dry-run: the value that counts, as the plan has it; empty: there is none. Of a repeatable
     *  option the uses are shown. nullptr: it is no setting. Filled from cli/ShowTable. */
    std::string (*show)(const plan::Plan &plan) = nullptr;

    bool IsFlag() const noexcept { return value.empty(); }
};

/** In the order of --help, group by group. */
std::span<const OptionRow> OptionTable() noexcept;

/** "workers", "listeners", … */
std::string_view GroupName(Group group) noexcept;

/** CLUSTERIZE_STOP_TIMEOUT */
std::string VariableName(const OptionRow &row);

} // namespace cli
