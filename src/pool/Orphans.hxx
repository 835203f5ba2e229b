#pragma once

#include "loop/DeferEvent.hxx"
#include "pool/MemberSearch.hxx"
#include "pool/Reaper.hxx"

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace pool {

/** Reads the marks in the environment of a process. */
class MarkSource {
public:
    using Answer = util::BoundMethod<void(const Mark &)>;

    virtual ~MarkSource() = default;

    /** The answer, one for each question, may come at once or in a later turn. No mark is found
     *  if the process cannot be read in time. */
    virtual void Ask(pid_t pid, Answer answer) noexcept = 0;
};

/** Looks for children that nobody has registered, finds out whose they are (Leftovers.hxx says
 *  how), and adds them to the Reaper. The kernel does not tell of an orphan, so it looks when
 *  somebody asks, and again when one has ended, because that one's children are ours then. One
 *  search serves all who have asked. It takes the loop's turns in small parts. */
class Orphans final : private ReapObserver {
public:
    /** Waits for orphans, from Add() to Remove(). */
    class Seeker {
    public:
        virtual ~Seeker() = default;

        /** A search that began after Add() is over. `complete`: no other orphan has ended since
         *  it began, so that there are none that it has not seen. It may call Remove(). */
        virtual void OnSearched(bool complete) noexcept = 0;
    };

    /** All are borrowed. */
    Orphans(loop::Loop &loop, Reaper &_reaper, MarkSource &_marks);
    ~Orphans() noexcept override;

    void Add(Seeker &seeker);
    void Remove(const Seeker &seeker) noexcept;

    /** Notes a living worker's descendants: what it leaves is found by that, whatever the
     *  environments show. Call it right before one worker of several is asked to end. It looks at
     *  64 processes in a turn of the loop, at once if the turn has any left, and notes what it has
     *  found so far. */
    void Remember(const WorkerRef &worker);

    /** May children be orphans of strangers? For PID 1, and for tests. */
    bool HasStrangers() const noexcept { return has_strangers; }
    void SetStrangers(bool _has_strangers) noexcept { has_strangers = _has_strangers; }

private:
    void OnDelivered(const ReapResult &result) noexcept override;
    void OnStep() noexcept;
    void Begin();
    void Judge(pid_t pid);
    void OnMark(const Mark &mark) noexcept;
    void End() noexcept;
    void RememberInherited();
    void OnLook() noexcept;
    void Look() noexcept;

    Reaper &reaper;
    MarkSource &marks;
    bool has_strangers;
    loop::DeferEvent step;
    std::vector<Seeker *> seekers;

    /** Of the search that is under way. */
    std::vector<pid_t> unjudged;

    /** Its mark is being read. */
    std::optional<Orphan> asked;
    bool searching = false;

    /** A seeker was added, an orphan has ended, since the search began. */
    bool added = false, ended = false;
    unsigned repeats = 0;

    /** Members that are being looked for, and how many processes this turn may still look at. */
    std::deque<MemberSearch> looks;
    std::size_t budget;
    loop::DeferEvent look;
};

} // namespace pool
