#include "sys/File.hxx"
#include "harness/TempDir.hxx"

#include <doctest/doctest.h>

#include <cerrno>

using namespace sys;

TEST_CASE("the whole file, also where it needs several reads") {
    const harness::TempDir directory;
    std::string text;
    for (int i = 0; i < 3000; i++)
        text += std::to_string(i) + '\0';
    CHECK(ReadFile(directory.Write("large", text)) == text);
    CHECK(ReadFile(directory.Write("empty", "")) == "");
}

TEST_CASE("a file with more bytes than are asked for") {
    const harness::TempDir directory;
    const std::string path = directory.Write("file", std::string(10'000, 'x'));
    CHECK(ReadFile(path, 10'000));
    CHECK_FALSE(ReadFile(path, 9'999));
    CHECK(errno == EFBIG);
    CHECK_FALSE(ReadFile("/dev/zero"));
}

TEST_CASE("what cannot be read") {
    const harness::TempDir directory;
    CHECK_FALSE(ReadFile(directory / "missing"));
    CHECK_FALSE(ReadFile(directory.Path())); // opens, but read fails: it is a directory
    CHECK_FALSE(ReadFile(""));
}
