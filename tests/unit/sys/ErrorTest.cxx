#include "sys/Error.hxx"

#include <doctest/doctest.h>

#include <cerrno>

using namespace sys;

TEST_CASE("names and texts of errno") {
    CHECK(ErrnoName(ENOENT) == "ENOENT");
    CHECK(ErrnoName(EADDRINUSE) == "EADDRINUSE");
    CHECK(ErrnoName(99999) == "E?");
    CHECK(ErrnoText(ENOENT) == "No such file or directory");
    CHECK(ErrnoText(99999) == "unknown error");
}

TEST_CASE("an exception of errno says what and why") {
    errno = EACCES;
    const std::system_error error = MakeErrno("cannot open the box");
    CHECK((error.code() == std::error_code(EACCES, std::system_category())));
    CHECK(std::string(error.what()) == "cannot open the box: Permission denied");
    CHECK(MakeErrno(EMFILE, "x").code().value() == EMFILE);
}
