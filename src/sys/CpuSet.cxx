#include "sys/CpuSet.hxx"
#include "util/Number.hxx"
#include "util/Text.hxx"

#include <climits>
#include <sys/syscall.h>
#include <unistd.h>

namespace sys {

namespace {

constexpr unsigned MOST_CPUS = 8192; // CONFIG_NR_CPUS of today's distributions

} // namespace

std::vector<unsigned> AllowedCpus() {
    constexpr unsigned WORD_BITS = sizeof(unsigned long) * CHAR_BIT;
    unsigned long mask[MOST_CPUS / WORD_BITS] = {};
    std::vector<unsigned> cpus;
    // The system call itself: the kernel tells how many bytes it filled.
    const long bytes = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
    for (unsigned cpu = 0; cpu < static_cast<unsigned>(bytes > 0 ? bytes : 0) * CHAR_BIT; cpu++)
        if ((mask[cpu / WORD_BITS] >> (cpu % WORD_BITS) & 1) != 0)
            cpus.push_back(cpu);
    if (cpus.empty())
        cpus.push_back(0);
    return cpus;
}

std::optional<std::vector<unsigned>> ParseCpuList(std::string_view text) {
    std::vector<unsigned> cpus;
    for (const std::string_view range : util::Split(text, ',')) {
        const auto [first_text, last_text] = util::Cut(range, '-');
        const auto first = util::ParseUnsigned(first_text, MOST_CPUS - 1);
        const auto last = range.find('-') == std::string_view::npos
                              ? first
                              : util::ParseUnsigned(last_text, MOST_CPUS - 1);
        if (!first || !last || *last < *first)
            return std::nullopt;
        for (auto cpu = *first; cpu <= *last; cpu++)
            cpus.push_back(static_cast<unsigned>(cpu));
    }
    if (cpus.empty())
        return std::nullopt;
    return cpus;
}

} // namespace sys
