#pragma once

#include "harness/TempDir.hxx"

#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>

namespace harness {

/** A FUSE file system with one file of 4096 bytes, served by a child, that stops answering when it
 *  is told to. */
class Fuse {
public:
    /** nullptr: none can be mounted here. */
    static std::unique_ptr<Fuse> Mount();
    ~Fuse();

    Fuse(const Fuse &) = delete;
    Fuse &operator=(const Fuse &) = delete;

    std::string Directory() const { return directory.Path(); }
    std::string File() const { return directory.Path() + "/file"; }

    /** From now on it reads requests and answers none. */
    void Stop() noexcept { shared->stopped = 1; }

    /** It has read a request that it does not answer. */
    bool AwaitRequest() const;

    /** The server ends: whoever waits for it gets ENOTCONN. */
    void Abort() noexcept;

private:
    struct Shared {
        volatile std::uint32_t stopped, unanswered, mounted;
    };

    Fuse();
    [[noreturn]] void Serve() const;

    TempDir directory;
    Shared *shared;
    pid_t server = 0;
};

} // namespace harness
