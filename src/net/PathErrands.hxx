#pragma once

#include "net/HeldPath.hxx"
#include "net/Packed.hxx"
#include "sys/Elsewhere.hxx"

namespace net {

// Errands about the path of a listener, in a process of our own, because its file system may not
// answer.

void AddState(Packer &packer, const HeldPath::State &state);
HeldPath::State GetState(Unpacker &from);

/** Asks for the file to be put back if it is missing, with the rights of its maker. */
sys::Parcel RestoreRequest(const HeldPath &path);
void RestorePath(const sys::Parcel &request, sys::Parcel &answer) noexcept;

struct RestoreResult {
    int error; // of HeldPath::Restore
    bool put_back; // it was missing
};

RestoreResult ReadRestoreResult(const sys::Parcel &answer);

/** Asks for the file to be watched; `watch` is that of a sys::FileWatch. */
sys::Parcel WatchRequest(const HeldPath &path, sys::Fd watch);
void WatchPath(const sys::Parcel &request, sys::Parcel &answer) noexcept;

/** The number of the watch, or -1. */
int ReadWatchResult(const sys::Parcel &answer);

} // namespace net
