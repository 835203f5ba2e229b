// docker-profile PROGRAM [ARGUMENT…]
//
// Runs the program under a filter that refuses what Docker's default seccomp profile refuses, see
// harness/DockerProfile.hxx. For looking at something by hand; tests say `Start::docker_profile`.
// 126 where the filter or the program cannot be had.

#include "harness/DockerProfile.hxx"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: docker-profile PROGRAM [ARGUMENT...]\n");
        return 126;
    }
    if (const int error = harness::InstallDockerProfile(); error != 0) {
        std::fprintf(stderr, "docker-profile: %s\n", std::strerror(error));
        return 126;
    }
    execvp(argv[1], argv + 1);
    std::fprintf(stderr, "docker-profile: %s: %s\n", argv[1], std::strerror(errno));
    return 126;
}
