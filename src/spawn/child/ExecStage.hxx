#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace spawn {

/** The steps of a start in their order; a failure names the one it happened in. CLONE is the launcher's. */
enum class ExecStage : std::uint8_t {
    CLONE,
    GROUP,
    FILTER,
    DESCRIPTORS,
    AFFINITY,
    GROUPS,
    GID,
    UID,
    CAPABILITIES,
    DIRECTORY,
    DEATH_SIGNAL,
    LIMITS,
    MASK,
    EXEC,
};

constexpr std::size_t EXEC_STAGES = static_cast<std::size_t>(ExecStage::EXEC) + 1;

struct ExecStageRow {
    std::string_view name, help; // `help` completes "cannot …"
};

extern const std::array<ExecStageRow, EXEC_STAGES> EXEC_STAGE_TABLE;

} // namespace spawn
