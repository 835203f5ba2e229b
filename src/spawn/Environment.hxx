#pragma once

#include "spawn/child/Child.hxx"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawn {

/** The environment of one worker while it is put together. */
class Environment {
public:
    Environment() = default;

    /** From "NAME=value" entries, such as environ(7); entries without '=' are kept. */
    explicit Environment(const char *const *entries);

    std::optional<std::string_view> Find(std::string_view name) const noexcept;

    /** Replaces what was there under that name. */
    void Set(std::string_view name, std::string_view value);

    /** The same, before all other entries: readers of /proc/PID/environ read only the beginning. */
    void SetFirst(std::string_view name, std::string_view value);

    void Unset(std::string_view name) noexcept;
    void UnsetIf(bool (*unwanted)(std::string_view name) noexcept) noexcept;

    /** The worker's own process id: only the child knows it. */
    void SetPid(std::string_view name) { SetLate(name, PidText::Kind::PID); }

    /** The inode number of the worker's pidfd; left out where the kernel has no pidfs (before 6.9). */
    void SetPidfdId(std::string_view name) { SetLate(name, PidText::Kind::PIDFD_ID); }

    const std::vector<std::string> &Entries() const noexcept { return entries; }

    /** Of what only the child knows. */
    std::vector<std::string_view> LateNames() const;

    /** An envp for exec; the pointers go into this object. Entries that may be left out stand last, so
     *  that the child leaves them out by ending the array. */
    struct Block {
        std::vector<char *> envp;
        std::vector<PidText> pid_texts;
    };
    Block MakeBlock();

private:
    struct Late {
        std::string entry; // "NAME=" and room for the digits
        std::size_t digits;
        PidText::Kind kind;
    };

    std::size_t IndexOf(std::string_view name) const noexcept;
    void SetLate(std::string_view name, PidText::Kind kind);

    std::vector<std::string> entries;
    std::vector<Late> late;
};

} // namespace spawn
