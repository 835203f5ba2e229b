#pragma once

#include <string>

namespace harness {

/** Prints `SKIPPED: <test case>: <why>` on standard output, where tools/test counts it. */
void ReportSkip(const std::string &why);

} // namespace harness

/** Leaves the test case; for what cannot be tried here, never for what fails. */
#define HARNESS_SKIP(why)                                                                          \
    do {                                                                                           \
        ::harness::ReportSkip(why);                                                                \
        return;                                                                                    \
    } while (false)
