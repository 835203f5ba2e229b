#pragma once

#include "harness/Process.hxx"

namespace harness {

/** What a new process needs to become the program; made before it exists. */
struct ChildSetup {
    const Start &start;
    std::vector<std::string> env;
    std::string slave; // path of the terminal, if there is one
    int input, out, err;
    int failure; // takes the text of what went wrong
};

/** Between fork and exec. The test program has one thread, so everything is allowed here. */
[[noreturn]] void RunChild(const ChildSetup &setup) noexcept;

} // namespace harness
