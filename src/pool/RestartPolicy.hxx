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
    unsigned most = 5; // replacements of a slot within `within`; the next end makes it a failed one
    std::chrono::milliseconds within = std::chrono::seconds(30);
    std::vector<int> exit_ok; // statuses that count as success beside 0, 128+N for signal N

    bool IsSuccess(const ExitStatus &status) const noexcept;

    /** Is a worker that has ended like this, or could not be started, to be replaced at all? */
    bool Replaces(bool success) const noexcept;
};

/** What a slot has gone through, for the policy alone. */
struct RestartHistory {
    std::deque<loop::TimePoint> ends; // the latest, at most one more than `most`
    unsigned in_a_row = 0; // ends since a worker was ready for long
    bool failed = false; // over the limit, and no worker was ready for long since
};

/** Decides when a slot gets its next worker: at once where the last one was ready for LONG, else after
 *  a delay that doubles from SHORTEST to LONGEST, with jitter so that slots which failed together do
 *  not come back together; a slot over its limit is tried again every RETRY. */
class RestartPolicy {
public:
    static constexpr std::chrono::seconds LONG{10}, LONGEST{10}, RETRY{10};
    static constexpr std::chrono::milliseconds SHORTEST{100};
    static constexpr double JITTER = 0.2; // of the delay, up and down

    RestartPolicy(const RestartSpec &_spec, unsigned seed) : spec(_spec), random(seed) {}

    const RestartSpec &Spec() const noexcept { return spec; }

    /** Was a worker ready for so long that what was before it is forgotten? */
    static bool Served(loop::TimePoint::duration ready_for) noexcept { return ready_for >= LONG; }

    struct Decision {
        bool failed = false; // the slot is over its limit
        bool has_failed = false; // only since now
        unsigned attempt = 0; // which end of the slot within the time of the limit this is
        std::chrono::milliseconds delay{0};
    };

    /** A worker of the slot has ended, after it had been ready for `ready_for` (0: never). */
    Decision Next(RestartHistory &history, loop::TimePoint ended,
                  loop::TimePoint::duration ready_for);

private:
    const RestartSpec spec;
    std::minstd_rand random;
};

} // namespace pool
