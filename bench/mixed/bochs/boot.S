# Loads what follows it on the disk to 0x10000, switches to 64 bits with all vector and tile registers enabled, calls the functions that
# the table there names, and sends the bytes that they have written to port 0xE9.
#
# At 0x10000: number of calls, address of the table, address and length of the results, sectors in all, as 64-bit numbers; the table holds
# a function's address and its argument's. The argument goes where either calling convention looks for it.
        .code16
        .globl _start
_start: cli
        xorw %ax, %ax
        movw %ax, %ds
        movw %ax, %es
        movw %ax, %ss
        movw $0x7c00, %sp
        inb $0x92, %al
        orb $2, %al
        outb %al, $0x92

read:   movw $packet, %si
        movb $0x42, %ah
        movb $0x80, %dl
        int $0x13
        jc halt
        addw $0x400, segment            # 32 sectors of 512 bytes, in paragraphs
        addl $32, sector
        decw chunks
        jnz read

        movw $0x1000, %di               # page tables: one of each, 512 pages of 2 MB
        movw $0x1800, %cx
        xorw %ax, %ax
        rep stosw
        movl $0x2003, 0x1000
        movl $0x3003, 0x2000
        movl $0x83, %eax
        movw $0x3000, %di
page:   movl %eax, (%di)
        addl $0x100000, %eax
        addw $8, %di
        cmpw $0x4000, %di
        jne page

        movl $0x40620, %eax             # CR4: PAE, OSFXSR, OSXMMEXCPT, OSXSAVE
        movl %eax, %cr4
        movl $0x1000, %eax
        movl %eax, %cr3
        movl $0xc0000080, %ecx          # EFER: LME
        rdmsr
        orl $0x100, %eax
        wrmsr
        movl $0x80000023, %eax          # CR0: paging, protection, native floating point errors, monitor
        movl %eax, %cr0
        lgdt gdtr
        ljmp $8, $long

        .code64
long:   movw $16, %ax
        movw %ax, %ds
        movw %ax, %es
        movw %ax, %ss
        movl $0x7c00, %esp
        xorl %ecx, %ecx
        movl $0x600e7, %eax             # XCR0: x87, SSE, AVX, AVX-512 and tiles
        xorl %edx, %edx
        xsetbv

        movl $0x10000, %ebx
        movq (%rbx), %rbp
        movq 8(%rbx), %rbx
call:   movq 8(%rbx), %rdi
        movq %rdi, %rcx
        callq *(%rbx)
        addq $16, %rbx
        decq %rbp
        jnz call

        movl $0x10000, %ebx
        movq 16(%rbx), %rsi
        movq 24(%rbx), %rcx
        movw $0xe9, %dx
        rep outsb
        movl $bye, %esi
        movw $0x8900, %dx
        movl $8, %ecx
        rep outsb
halt:   hlt
        jmp halt

        .balign 8
gdt:    .quad 0, 0x00209a0000000000, 0x0000920000000000
gdtr:   .word 23
        .long gdt
packet: .byte 16, 0
        .word 32, 0
segment:.word 0x1000
sector: .long 1, 0
chunks: .word 32                        # 512 KB
bye:    .ascii "Shutdown"
        .org 510
        .word 0xaa55
