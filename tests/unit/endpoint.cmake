# SPDX-License-Identifier: Apache-2.0
foreach(part budget command downlink keyserver ksn limits look memory random recheck ref request uplink)
	eese_unit_test(endpoint-${part}
		SOURCES endpoint_${part}.c endpoint_states.c endpoint_support.c core_support.c
		LIBS eese-endpoint)
endforeach()
