#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace net {

/** The sockets that a parent handed over as sd_listen_fds(3) describes: descriptors 3, 4, … with names. */
struct Activation {
    static constexpr int FIRST = 3;
    std::vector<std::string> names;

    int Count() const noexcept { return static_cast<int>(names.size()); }
};

/** What LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES say to process `pid`. */
struct ActivationResult {
    std::optional<Activation> activation;
    std::string lacks; // why there is none
};

/** `find` looks a variable up. Throws util::UserError where the variables speak to this process and
 *  contradict themselves. Marks the descriptors close-on-exec. */
ActivationResult ReadActivation(
    const std::function<std::optional<std::string_view>(std::string_view)> &find, pid_t pid);

} // namespace net
