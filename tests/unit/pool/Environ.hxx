#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/prctl.h>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace unit {

/** Declares untouched memory, or that of a file, the environment of this process, as any process
 *  may (PR_SET_MM_MAP); exits if it may not. */
inline void DeclareEnvironment(std::size_t bytes, int file) {
    std::string stat(2048, '\0');
    const int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    const ssize_t length = read(fd, stat.data(), stat.size() - 1);
    close(fd);
    if (length <= 0)
        _exit(1);
    unsigned long long fields[60] = {};
    char *rest = std::strrchr(stat.data(), ')') + 4; // the third field is a letter
    for (int i = 4; i < 60; i++)
        fields[i] = std::strtoull(rest, &rest, 10);
    prctl_mm_map map = {};
    map.start_code = fields[26], map.end_code = fields[27], map.start_stack = fields[28];
    map.start_data = fields[45], map.end_data = fields[46], map.start_brk = fields[47];
    map.arg_start = fields[48], map.arg_end = fields[49];
    map.brk = reinterpret_cast<unsigned long long>(sbrk(0));
    map.exe_fd = static_cast<unsigned>(-1);
    const int flags = MAP_PRIVATE | MAP_NORESERVE | (file < 0 ? MAP_ANONYMOUS : 0);
    map.env_start =
        reinterpret_cast<unsigned long long>(mmap(nullptr, bytes, PROT_READ, flags, file, 0));
    map.env_end = map.env_start + bytes;
    if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) != 0)
        _exit(1);
}

} // namespace unit
