#pragma once

#include "net/ListenSpec.hxx"
#include "net/OpenError.hxx"

#include <string>
#include <string_view>

namespace net {

/** "cannot listen on 127.0.0.1:80 ('localhost:80'): Permission denied (ports below 1024 need …)" */
OpenError OpenFailure(std::string_view what, const ListenSpec &spec, int error,
                      std::string_view hint);

/** A hint for EMFILE and ENFILE, else empty. */
std::string_view ExplainDescriptors(int error) noexcept;

} // namespace net
