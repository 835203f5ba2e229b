#pragma once

#include "loop/Clock.hxx"
#include "pool/ExitStatus.hxx"

#include <array>
#include <deque>
#include <random>
#include <string_view>
#include <vector>

namespace pool {

enum class RestartWhen : std::uint8_t { ALWAYS, ON_FAILURE, NO };

struct RestartWhenRow {
    std::string_view name, help;
    RestartWhen when;
};

/** What `--restart` can name. */
extern const std::array<RestartWhenRow, 3> RESTARTS;

/** `--restart`, `--max-restarts`, `--exit-ok`. */
struct RestartSpec {
    RestartWhen when = RestartWhen::NO;
    /** Replacements of a slot within `within`; the next end makes it a failed one. */
    unsigned most = 5;
    std::chrono::milliseconds within = std::chrono::seconds(30);

    /** Statuses that count as success beside 0, 128+N for signal N. */
    std::vector<int> exit_ok;

    bool IsSuccess(const ExitStatus &status) const noexcept;

    /** Is a worker that has ended like this, or could not be started, to be replaced at all? */
    bool Replaces(bool success) const noexcept;
};

/** What a slot has gone through, for the policy alone. */
struct RestartHistory {
    /** The latest, at most one more than `most`. */
    std::deque<loop::TimePoint> ends;

    /** Ends since a worker was ready for long. */
    unsigned in_a_row = 0;

    /** Over the limit, and no worker was ready for long since. */
    bool failed = false;

    friend bool operator==(const RestartHistory &, const RestartHistory &) noexcept = default;
};

/** Decides when a slot gets its next worker: at once if the last one was ready for LONG, else after
 *  a delay that doubles from SHORTEST to LONGEST, with jitter so that slots which failed together
 *  do not come back together. A slot over its limit is tried again every RETRY. What it knows of a
 *  slot is the slot's RestartHistory; it has nothing to describe itself, because another seed of
 *  the jitter will do. */
class RestartPolicy {
public:
    static constexpr std::chrono::seconds LONG{10}, LONGEST{10}, RETRY{10};
    static constexpr std::chrono::milliseconds SHORTEST{100};

    /** Of the delay, up and down. */
    static constexpr double JITTER = 0.2;

    RestartPolicy(const RestartSpec &_spec, unsigned seed) : spec(_spec), random(seed) {}

    const RestartSpec &Spec() const noexcept { return spec; }

    /** Was a worker ready for so long that what was before it is forgotten? */
    static bool Served(loop::TimePoint::duration ready_for) noexcept { return ready_for >= LONG; }

    struct Decision {
        /** The slot is over its limit. */
        bool failed = false;

        /** Only since now. */
        bool has_failed = false;

        /** The ordinal of this end of the slot within the time of the limit. */
        unsigned attempt = 0;
        std::chrono::milliseconds delay{0};

        friend bool operator==(const Decision &, const Decision &) noexcept = default;
    };

    /** A worker of the slot has ended, after it had been ready for `ready_for` (0: never). */
    Decision Next(RestartHistory &history, loop::TimePoint ended,
                  loop::TimePoint::duration ready_for);

private:
    const RestartSpec spec;
    std::minstd_rand random;
};

} // namespace pool
