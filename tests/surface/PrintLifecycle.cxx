// What tools/lifecycle puts into ARCHITECTURE.md.

#include "LifecycleTable.hxx"

#include <cstdio>

int main() {
    return std::fputs(RenderLifecycle().c_str(), stdout) >= 0 && std::fflush(stdout) == 0 ? 0 : 1;
}
