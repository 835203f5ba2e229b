#pragma once

#include "net/Packed.hxx"

namespace adopt {

using net::Packer;
using net::Unpacker;

} // namespace adopt
