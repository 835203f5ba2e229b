#include "spawn/child/ExecStage.hxx"
#include "util/Table.hxx"

namespace spawn {

constexpr std::array<ExecStageRow, EXEC_STAGES> EXEC_STAGE_TABLE = {{
    {"clone", "make a process"},
    {"group", "make a process group"},
    {"filter", "hand over its system call filter"},
    {"descriptors", "hand over the descriptors"},
    {"affinity", "pin it to its CPU"},
    {"groups", "set its supplementary groups"},
    {"gid", "change its group"},
    {"uid", "change its user"},
    {"capabilities", "give up its capabilities"},
    {"directory", "change to its directory"},
    {"death-signal", "tie it to the launcher"},
    {"limits", "set its limits"},
    {"mask", "set its signal mask"},
    {"exec", "execute it"},
}};

static_assert(util::NamesAreUnique(EXEC_STAGE_TABLE));

} // namespace spawn
