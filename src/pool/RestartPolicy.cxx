#include "pool/RestartPolicy.hxx"
#include "util/Table.hxx"

#include <algorithm>

namespace pool {

constexpr std::array<RestartWhenRow, 3> RESTARTS = {{
    {"always", "a worker that ends is replaced (default when serving)", RestartWhen::ALWAYS},
    {"on-failure", "one that does not end with 0 or a status of --exit-ok is replaced",
     RestartWhen::ON_FAILURE},
    {"no", "none is replaced (default for jobs)", RestartWhen::NO},
}};

static_assert(util::NamesAreUnique(RESTARTS));

bool RestartSpec::IsSuccess(const ExitStatus &status) const noexcept {
    return status.IsSuccess() ||
           std::find(exit_ok.begin(), exit_ok.end(), status.Code()) != exit_ok.end();
}

bool RestartSpec::Replaces(bool success) const noexcept {
    return when == RestartWhen::ALWAYS || (when == RestartWhen::ON_FAILURE && !success);
}

RestartPolicy::Decision RestartPolicy::Next(RestartHistory &history, loop::TimePoint ended,
                                            loop::TimePoint::duration ready_for) {
    const bool served = Served(ready_for);
    if (served) {
        history.in_a_row = 0;
        history.failed = false;
    }
    history.ends.push_back(ended);
    while (ended - history.ends.front() >= spec.within)
        history.ends.pop_front();
    if (history.failed || history.ends.size() > spec.most) {
        const bool has_failed = !history.failed;
        history.failed = true;
        history.ends.clear();
        return {true, has_failed, 0, RETRY};
    }
    const auto attempt = static_cast<unsigned>(history.ends.size());
    if (served)
        return {false, false, attempt, std::chrono::milliseconds(0)};
    const std::chrono::milliseconds longest = LONGEST;
    const auto delay = std::min(longest, SHORTEST * (1 << std::min(history.in_a_row++, 10U)));
    std::uniform_real_distribution<double> jitter(1 - JITTER, 1 + JITTER);
    const double jittered = static_cast<double>(delay.count()) * jitter(random);
    return {false, false, attempt, std::chrono::milliseconds(static_cast<std::int64_t>(jittered))};
}

} // namespace pool
