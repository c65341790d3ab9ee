package job

import "golang.org/x/sys/windows"

// stillActive is what the exit code of a process is while it runs.
// Source: learn.microsoft.com, GetExitCodeProcess, STILL_ACTIVE, read 2026-11.
const stillActive = 259

// alive reports whether there is a process of this number.
func alive(pid int) bool {
	handle, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return err == windows.ERROR_ACCESS_DENIED
	}
	defer windows.CloseHandle(handle)
	var code uint32
	return windows.GetExitCodeProcess(handle, &code) == nil && code == stillActive
}
