#include "balance/AttachToGroup.hxx"
#include "net/OpenSocket.hxx"
#include "sys/RunElsewhere.hxx"

#include <system_error>

namespace balance {

int AttachToGroup(const net::ListenSpec &spec, sys::Fd member,
                  const std::function<int(int)> &attach) noexcept {
    try {
        return attach(net::OpenGuest(spec).Get());
    } catch (const net::OpenError &) {
    } catch (const std::system_error &) {
    }
    return sys::RunElsewhere([&] { return attach(member.Get()); });
}

} // namespace balance
