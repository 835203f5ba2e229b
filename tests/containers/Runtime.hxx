#pragma once

#include "harness/Harness.hxx"

#include <set>
#include <string>
#include <vector>

/** What the tests in real containers share. */
namespace containers {

using namespace harness;

/** Images that the tests import. */
constexpr const char
    /** A shell, busybox's programs, those of tests/process, and clusterize in the PATH. */
    *TOOLS = "tools",
    /** Built from the lines of the README's Dockerfile upon the first. */
    *ENTRY = "entry",
    /** `FROM scratch`: the files /clusterize, which is the entry point, and /server, nothing
     *  else. */
        *SCRATCH = "scratch";

/**
 * podman with runc, and a store of its own below a temporary directory: nothing of the machine's
 * containers is read or changed. Every test program has one, and it takes with it whatever still
 * runs in it.
 *
 * Capabilities, seccomp filter, masked paths and control groups are the runtime's own; only the
 * limits are given, as a machine may have lower ones than the runtime asks for. The containers have
 * no network but loopback.
 */
class Runtime {
    TempDir directory;
    std::string cgroup;
    std::string reason;

    std::set<std::string> images;

    void WriteSettings() const;
    void Import(const std::string &image, const std::vector<std::string> &changes) const;
    void MakeTools() const;
    void MakeEntry() const;
    void MakeScratch() const;

    /** Makes an image unless it is there. */
    void Provide(const std::string &image);
    void RemoveCgroups() const noexcept;

    Runtime();

public:
    ~Runtime();
    Runtime(const Runtime &) = delete;
    Runtime &operator=(const Runtime &) = delete;

    /** The one of this test program, made at the first call. */
    static Runtime &Instance();

    /** Why no container can run here; empty if one can. */
    const std::string &Lacks() const { return reason; }

    /** A file of this test program. */
    std::string Path(const std::string &name) const { return directory / name; }

    /** How podman is started with these words. */
    Start Podman(std::vector<std::string> words) const;

    /** `podman run`, in the foreground, for a Process of the harness. */
    Start Attached(std::vector<std::string> options, const std::string &image,
                   const std::vector<std::string> &command);

    /** The same, to its end. */
    Result Run(std::vector<std::string> options, const std::string &image,
               const std::vector<std::string> &command);

    /** podman to its end; throws if that is not 0. Returns its standard output without its end. */
    std::string Ask(std::vector<std::string> words) const;

    /** Options that every container is started with. */
    std::vector<std::string> RunOptions() const;
};

} // namespace containers

/** Leaves the test case if no container can run here. */
#define CONTAINERS_OR_SKIP()                                                                       \
    do {                                                                                           \
        const auto &lacks = ::containers::Runtime::Instance().Lacks();                             \
        if (!lacks.empty())                                                                        \
            HARNESS_SKIP(lacks);                                                                   \
    } while (false)
