#include "Tree.hxx"

#include <doctest/doctest.h>

#include <cstdio>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

/** What the code between clone and exec may call. It shares its parent's memory: nothing here takes
 *  a lock, allocates, or touches more than errno. Each is a plain system call or moves bytes, as
 *  the compilers call for by themselves. */
const std::set<std::string> ALLOWED = {
    "__errno_location", "fstat",   "fstat64", "fstatfs", "fstatfs64",
    "memcpy",           "memmove", "memset",  "syscall", "_GLOBAL_OFFSET_TABLE_",
};

std::string OutputOf(const std::string &command) {
    const std::unique_ptr<FILE, int (*)(FILE *)> pipe(popen(command.c_str(), "r"), pclose);
    if (pipe == nullptr)
        throw std::runtime_error("cannot run " + command);
    std::string output;
    char buffer[4096];
    for (std::size_t n; (n = fread(buffer, 1, sizeof(buffer), pipe.get())) > 0;)
        output.append(buffer, n);
    return output;
}

/** The first words of the lines that nm(1) prints in POSIX format for one kind of symbols. */
std::set<std::string> Symbols(const std::string &kind) {
    const std::string library = lint::Setting("CHILD_LIBRARY");
    std::set<std::string> symbols;
    for (const std::string &line :
         lint::SplitLines(OutputOf("nm --format=posix " + kind + " '" + library + "'"))) {
        std::string symbol, type;
        // Lines without a second word name the archive's members.
        if (std::istringstream(line) >> symbol >> type)
            symbols.insert(symbol);
    }
    return symbols;
}

} // namespace

TEST_CASE("the child side calls nothing but what is allowed there") {
    const std::set<std::string> defined = Symbols("--defined-only");
    const std::set<std::string> undefined = Symbols("--undefined-only");
    // It is the right file, and the symbols were read: otherwise there is nothing to complain
    // about.
    REQUIRE(undefined.contains("syscall"));
    for (const std::string &symbol : undefined) {
        CAPTURE(symbol);
        const bool allowed = ALLOWED.contains(symbol) || defined.contains(symbol);
        CHECK_MESSAGE(allowed, "not in the list of tests/lint/ChildSymbolsTest.cxx");
    }
}
