#include "sys/Journal.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

#include <string>
#include <sys/stat.h>

TEST_CASE("JOURNAL_STREAM names one descriptor") {
    const unit::Pipe one, other;
    struct stat status = {};
    REQUIRE(fstat(one.writer.Get(), &status) == 0);
    const std::string device = std::to_string(status.st_dev), inode = std::to_string(status.st_ino);
    CHECK(sys::IsJournal(sys::Fd(one.writer), device + ":" + inode));
    CHECK_FALSE(sys::IsJournal(sys::Fd(other.writer), device + ":" + inode));
    CHECK_FALSE(sys::IsJournal(sys::Fd(), device + ":" + inode));
    for (const std::string &odd :
         {std::string(), device, device + ":", ":" + inode, device + ":" + inode + ":",
          device + " :" + inode, "-1:" + inode, device + ":99999999999999999999"}) {
        CAPTURE(odd);
        CHECK_FALSE(sys::IsJournal(sys::Fd(one.writer), odd));
    }
}
