#include "sys/Terminal.hxx"
#include "sys/UniqueFd.hxx"

#include <fcntl.h>

namespace sys {

bool HasTerminal() noexcept {
    return UniqueFd(AdoptTag(), open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC))
        .IsDefined();
}

} // namespace sys
