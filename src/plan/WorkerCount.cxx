#include "plan/WorkerCount.hxx"
#include "sys/Cgroup.hxx"
#include "sys/CpuSet.hxx"
#include "util/Number.hxx"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace plan {

namespace {

constexpr unsigned MOST_PERCENT = 10'000;

} // namespace

std::optional<WorkerCount> ParseWorkerCount(std::string_view text) noexcept {
    using Form = WorkerCount::Form;
    if (text == "auto")
        return WorkerCount{Form::AUTO, 0};
    Form form = Form::NUMBER;
    if (text.starts_with('-')) {
        form = Form::AUTO_MINUS;
        text.remove_prefix(1);
    } else if (text.ends_with('%')) {
        form = Form::PERCENT;
        text.remove_suffix(1);
    }
    const auto value =
        util::ParseUnsigned(text, form == Form::PERCENT ? MOST_PERCENT : MOST_WORKERS);
    if (!value || *value == 0)
        return std::nullopt;
    return WorkerCount{form, static_cast<unsigned>(*value)};
}

unsigned AutoWorkers() {
    const double cpus = static_cast<double>(sys::AllowedCpus().size());
    const double quota = std::ceil(sys::CpuQuota().value_or(cpus));
    return static_cast<unsigned>(std::max(1.0, std::min(cpus, quota)));
}

std::string ExplainAutoWorkers() {
    const std::size_t cpus = sys::AllowedCpus().size();
    const auto quota = sys::CpuQuota();
    return fmt::format("{} CPU{} to run on, {}", cpus, cpus == 1 ? "" : "s",
                       quota ? fmt::format("quota of the control groups {}", *quota)
                             : "no quota of a control group");
}

unsigned Resolve(const WorkerCount &count, unsigned (*auto_workers)()) {
    unsigned workers = 1;
    switch (count.form) {
    case WorkerCount::Form::NUMBER:
        workers = count.value;
        break;
    case WorkerCount::Form::AUTO:
        workers = auto_workers();
        break;
    case WorkerCount::Form::AUTO_MINUS: {
        const unsigned all = auto_workers();
        workers = all > count.value ? all - count.value : 1;
        break;
    }
    case WorkerCount::Form::PERCENT:
        workers = (auto_workers() * count.value + 99) / 100;
        break;
    }
    return std::clamp(workers, 1U, MOST_WORKERS);
}

} // namespace plan
