#pragma once

#include "containers/Runtime.hxx"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace containers {

/** What it is started with; everything else is the runtime's default. */
struct Image {
    std::vector<std::string> options{};
    std::vector<std::string> command{};
    std::string name = TOOLS;
};

/** A container in the background, as `podman run --detach` starts it. It goes away with the
 *  object. */
class Container {
    std::string name;

public:
    explicit Container(const Image &image);
    ~Container();
    Container(const Container &) = delete;
    Container &operator=(const Container &) = delete;

    /** What its processes have written, both streams in their order. */
    std::string Log() const;

    /** Looks until the text is there; throws in time, or if the container has ended without it. */
    void WaitLog(const std::string &text) const;

    /** The same, until it is there `count` times. */
    void WaitLog(const std::string &text, size_t count) const;

    /** Waits for the launcher's line "up". */
    void WaitUp() const { WaitLog("clusterize: up: "); }

    /** Process 1 as the machine sees it. */
    pid_t Pid() const;

    bool IsRunning() const;

    /** Runs in its network. */
    void Inside(const std::function<void()> &body) const;

    /** The value of `slot` → how many of so many connections to the port it answered. */
    std::map<std::string, unsigned> Shares(unsigned port, unsigned count) const;

    /** `podman kill --signal`. */
    void Signal(const std::string &signal) const;

    /** `podman stop`: TERM, and after its ten seconds KILL. Returns the status of the container. */
    int Stop() const;

    /** Waits for its end. */
    int Wait() const;

    /** `podman exec`. */
    Result Exec(std::vector<std::string> options, const std::vector<std::string> &command) const;
};

} // namespace containers
