#pragma once

#include <array>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/prctl.h>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace harness {

/** Declares untouched memory the environment of this process, as any process may
 *  (PR_SET_MM_MAP); exits if it may not. */
inline void DeclareEnvironment(char *memory, std::size_t bytes) {
    std::string stat(2048, '\0');
    const int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    const ssize_t length = read(fd, stat.data(), stat.size() - 1);
    close(fd);
    if (length <= 0)
        _exit(1);
    std::array<unsigned long long, 60> fields = {};
    char *rest = std::strrchr(stat.data(), ')') + 4; // the third field is a letter
    for (std::size_t i = 4; i < fields.size(); i++)
        fields[i] = std::strtoull(rest, &rest, 10);
    prctl_mm_map map = {};
    map.start_code = fields[26];
    map.end_code = fields[27];
    map.start_stack = fields[28];
    map.start_data = fields[45];
    map.end_data = fields[46];
    map.start_brk = fields[47];
    map.arg_start = fields[48];
    map.arg_end = fields[49];
    map.brk = reinterpret_cast<unsigned long long>(sbrk(0));
    map.exe_fd = static_cast<unsigned>(-1);
    map.env_start = reinterpret_cast<unsigned long long>(memory);
    map.env_end = map.env_start + bytes;
    if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) != 0)
        _exit(1);
}

inline char *MapNothing(std::size_t bytes) {
    void *memory =
        mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        _exit(1);
    return static_cast<char *>(memory);
}

/** 512 MiB. Its memory cannot hang: since Linux 4.17 the kernel reads no environment out of files,
 *  and such a read waits for no userfaultfd. */
inline void DeclareBigEnvironment() {
    constexpr std::size_t BYTES = 512UL << 20;
    DeclareEnvironment(MapNothing(BYTES), BYTES);
}

} // namespace harness
