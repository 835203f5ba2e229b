#pragma once

#include "pool/Agent.hxx"
#include "pool/Attribution.hxx"
#include "pool/ExitStatus.hxx"
#include "sys/Process.hxx"
#include "util/BoundMethod.hxx"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace pool {

/** What a child of the launcher is to it. */
enum class ChildRole : std::uint8_t {
    WORKER,

    /** Started by the launcher for itself: the watcher, a loader, the command of --then. */
    COMPANION,

    /** There before the launcher started anything: reaped, and never touched. */
    INHERITED,

    /** An orphan that was seen: a descendant whose parent has ended. */
    LEFTOVER,
};

/** Names one child that was registered; it is never used again, as process numbers are. */
struct ChildId {
    pid_t pid = 0;
    std::uint64_t serial = 0;

    friend bool operator==(const ChildId &, const ChildId &) noexcept = default;
};

/** What one call of Reaper::Reap() has found. */
struct ReapResult {
    /** By a status other than 0 or by a signal. */
    bool worker_failed = false;

    /** A companion, an orphan: its children may be ours now. */
    bool other_ended = false;
};

class ReapObserver {
public:
    virtual ~ReapObserver() = default;

    /** All are reaped and forgotten, nobody was told yet. */
    virtual void OnReaped(const ReapResult &) noexcept {}

    /** The owners of those that have ended know of it. */
    virtual void OnDelivered(const ReapResult &) noexcept {}
};

/** The only one that waits for children, and the registry of them by role. It signals through the
 *  registry: a child that was reaped is not in it any more, so no signal goes to a number that is
 *  somebody else's by now. Children that have ended at the same time are all reaped and forgotten
 *  first, only then the first owner is told.
 *
 *  Children that are there at the construction are INHERITED: those of the process that executed
 *  clusterize (`helper & exec clusterize …`, the tee of `exec > >(tee log)`, in bash also that of
 *  a plain `clusterize … > >(tee log)`). They stay what they were, also at the end of the
 *  cluster; their descendants that become ours belong to them. A child that nobody registered is
 *  an orphan; Orphans finds out whose, and adds it here as a LEFTOVER. */
class Reaper {
public:
    using OnEnd = util::BoundMethod<void(ExitStatus)>;

    /** Looks for INHERITED children: construct it before anything that starts a process. */
    Reaper() noexcept;

    /** A leftover: an orphan that was seen. */
    struct Leftover {
        Orphan orphan;
        Owner owner;

        /** It got the stop signal, KILL. */
        bool was_told = false, was_killed = false;

        friend bool operator==(const Leftover &, const Leftover &) noexcept = default;
    };

    /** The registry, for a launcher that takes this one's place: exec(2) keeps the children. */
    struct Description {
        struct Child {
            std::uint64_t serial = 0;
            ChildRole role = ChildRole::INHERITED;
            sys::ProcessState process;
            Owner owner;

            friend bool operator==(const Child &, const Child &) noexcept = default;
        };

        std::uint64_t last_serial = 0;
        std::vector<Child> children;
        std::vector<Leftover> leftovers;
        std::vector<Family> families;

        friend bool operator==(const Description &, const Description &) noexcept = default;
    };

    /** Takes over the descriptors. Nothing is INHERITED that was not before. The owners of workers
     *  and companions call Attend(), before the loop's first turn. */
    explicit Reaper(const Description &made);
    Description Describe() const;

    /** `on_end` (or nothing) is called once. Call it before the loop's next turn, so that the end
     *  is not reaped before. */
    ChildId AddWorker(const WorkerRef &worker, sys::Process process, OnEnd on_end);

    /** `runs_program`: it executes something that may leave orphans behind. */
    ChildId AddCompanion(sys::Process process, OnEnd on_end, bool runs_program = false);

    /** `on_end` replaces the callback of before. */
    void Attend(const ChildId &child, OnEnd on_end) noexcept;

    /** Nobody is told of its end any more: its owner goes away. */
    void Disown(const ChildId &child) noexcept { Attend(child, {}); }

    /** 0 or an errno: ESRCH if it was reaped. */
    int Signal(const ChildId &child, int signo) const noexcept;

    /** To its process group, which it must lead. */
    int SignalGroup(const ChildId &child, int signo) const noexcept;

    /** Was it not reaped yet? It may have ended. */
    bool Has(const ChildId &child) const noexcept { return Find(child) != nullptr; }

    /** The process; nullptr if it was reaped. The caller must not keep it. */
    const sys::Process *Find(const ChildId &child) const noexcept;

    /** nullopt: no child, or one that nobody has registered. */
    std::optional<ChildRole> RoleOf(pid_t pid) const noexcept;

    /** Are there any, as far as is known? False spares a search. */
    bool HasChildren() const noexcept { return has_children; }

    void Observe(ReapObserver &observer) { observers.push_back(&observer); }
    void Ignore(const ReapObserver &observer) noexcept { std::erase(observers, &observer); }

    /** After SIGCHLD: reaps all that have ended, then tells their owners, workers first. */
    void Reap() noexcept;

    // For Orphans and Leftovers.

    /** A child that nobody has registered and that lives. */
    void AddLeftover(const Orphan &orphan, const Owner &owner);

    /** Those for which the function says true. */
    std::vector<Leftover *> Leftovers(const std::function<bool(const Owner &)> &belongs) noexcept;

    /** All that can have left an orphan. Those of workers stay after the end until Settle(). */
    std::span<const Family> Families() const noexcept { return families; }

    /** Notes the descendants of a family: what it leaves later is found by that. */
    void NoteMembers(const Owner &owner, pid_t leader, std::vector<ProcessName> members);

    /** A worker that has ended has left nothing any more. */
    void Settle(unsigned worker) noexcept;

    /** The same for others that have ended, if there is no leftover of theirs. */
    void SettleOthers() noexcept;

private:
    struct Child {
        std::uint64_t serial;
        ChildRole role;
        sys::Process process;
        OnEnd on_end;
        Owner owner;
    };

    struct Ended {
        ChildRole role;
        OnEnd on_end;
        ExitStatus status;
    };

    ChildId Add(ChildRole role, sys::Process process, OnEnd on_end, Family family);
    void LookForChildren() noexcept;
    void FindInherited();
    std::vector<Ended> Collect(ReapResult &result) noexcept;
    void Close(pid_t pid) noexcept;
    void HoldNumber(const Leftover &leftover) noexcept;

    std::uint64_t last_serial = 0;
    bool has_children = false;

    /** Workers, companions, inherited. */
    std::unordered_map<pid_t, Child> children;
    std::unordered_map<pid_t, Leftover> leftovers;
    std::vector<Family> families;
    std::vector<ReapObserver *> observers;
};

} // namespace pool
