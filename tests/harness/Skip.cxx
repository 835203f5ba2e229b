#include "harness/Skip.hxx"

#include <cstdio>
#include <doctest/doctest.h>

namespace harness {

void ReportSkip(const std::string &why) {
    const auto *test = doctest::getContextOptions()->currentTest;
    std::printf("SKIPPED: %s: %s\n", test != nullptr ? test->m_name : "?", why.c_str());
    std::fflush(stdout);
}

} // namespace harness
