#pragma once

#include "sys/UniqueFd.hxx"

namespace sys {

enum class NullAccess : bool { READ, READ_WRITE };

/** /dev/null, with close-on-exec. If it cannot be opened, as in an image without /dev, the reading
 *  end of a pipe without a writer takes its place: empty as well, and not open for writing. Throws
 *  std::system_error. */
UniqueFd OpenNullDevice(NullAccess access);

/** Opens descriptors 0 to 2 if they are closed, without close-on-exec, so that no file of ours gets
 *  one of their numbers. Throws std::system_error. */
void FillStandardDescriptors();

} // namespace sys
