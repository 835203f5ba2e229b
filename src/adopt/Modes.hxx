#pragma once

#include "adopt/Exclusive.hxx"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace adopt {

/** Which of the addresses that a worker binds by itself become listeners of the cluster. */
enum class Mode : std::uint8_t { AUTO, ALL, LISTED, OFF };

struct ModeRow {
    std::string_view name, help;
    Mode mode;
};

/** What `--adopt` can name; the first is the default. */
extern const std::array<ModeRow, 4> MODES;

/** The port of Node's debugger unless the user names another, see node(1). */
inline constexpr unsigned NODE_DEBUGGER_PORT = 9229;

/** `--adopt`, `--exclusive` */
struct Spec {
    Mode mode = Mode::AUTO;
    Exclusives exclusives;
    /** The port of Node's debugger, as a signal opens it, if each slot has room for its own. */
    std::optional<unsigned> debugger;
    /** One of the exclusive ports that the user has not named: the command opens its debugger
     *  there. */
    std::optional<unsigned> inspector;
    /** Listening anywhere makes a worker ready, so that an address that is served later than that
     *  deserves a hint. */
    bool any_is_ready = false;

    bool IsDebugger(std::optional<unsigned> port) const noexcept {
        return port && (port == debugger || port == inspector);
    }
};

} // namespace adopt
