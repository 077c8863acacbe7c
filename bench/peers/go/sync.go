package main

import "syscall"

func passSync(_, _ string) part {
	a, b := pair(syscall.SOCK_STREAM)
	rights := syscall.UnixRights(openNull())
	run := func(operations int) int {
		sent, received := make([]byte, 1), make([]byte, 1)
		control := make([]byte, syscall.CmsgSpace(4))
		right := 0
		for i := 0; i < operations; i++ {
			sent[0] = byte(i)
			sendFd(a, sent, rights)
			if takeFd(b, received, control) && received[0] == byte(i) {
				right++
			}
		}
		return right
	}
	return part{run: run}
}

func smallSync(_, _ string) part {
	a, b := pair(syscall.SOCK_STREAM)
	return part{run: func(operations int) int { return alternate(a, b, 64, operations) }}
}
