# Which parts of a file hold bytes at all: the holes of a sparse file are not sent.

# No cmdlet and no class of .NET asks for allocated ranges. fsutil does, in words that Windows translates. So it is the
# call itself, compiled (half a second) only for a file that is sparse.
$rangesSource = @'
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

public static class FerryRanges
{
    [StructLayout(LayoutKind.Sequential)]
    public struct Range { public long Start; public long Length; }

    const uint QueryAllocatedRanges = 0x000940CF; // FSCTL_QUERY_ALLOCATED_RANGES
    const int MoreData = 234; // ERROR_MORE_DATA: as many as fit, ask on after the last

    [DllImport("kernel32.dll", SetLastError = true)]
    static extern bool DeviceIoControl(SafeFileHandle file, uint code, ref Range asked, int askedBytes,
        [Out] Range[] found, int foundBytes, out int gotBytes, IntPtr overlapped);

    public static List<Range> Of(SafeFileHandle file, long length)
    {
        var all = new List<Range>();
        var found = new Range[1024];
        var size = Marshal.SizeOf(typeof(Range));
        var asked = new Range { Start = 0, Length = length };
        for (;;)
        {
            int gotBytes;
            var isAll = DeviceIoControl(file, QueryAllocatedRanges, ref asked, size, found, found.Length * size,
                out gotBytes, IntPtr.Zero);
            if (!isAll && Marshal.GetLastWin32Error() != MoreData) throw new Win32Exception();
            for (var i = 0; i < gotBytes / size; i++) all.Add(found[i]);
            if (isAll || gotBytes == 0) return all;
            asked.Start = all[all.Count - 1].Start + all[all.Count - 1].Length;
            asked.Length = length - asked.Start;
        }
    }
}
'@

function Test-Sparse {
    # A deduplicated file is sparse too, but full: its bytes lie elsewhere, which is why it is a reparse point.
    param([Parameter(Mandatory)] [string]$Path)
    $attributes = [System.IO.File]::GetAttributes($Path)
    $attributes.HasFlag([System.IO.FileAttributes]::SparseFile) -and
        -not $attributes.HasFlag([System.IO.FileAttributes]::ReparsePoint)
}

function Add-AllocatedRange {
    # Queues {Start, End} of every part of the file that holds bytes, in order. The digest is of the whole file on both
    # hosts, so a server that would tell less than there is cannot make a copy that passes.
    param([Parameter(Mandatory)] [string]$Path, [Parameter(Mandatory)] [long]$Length, [Parameter(Mandatory)] $To)
    if (-not (Test-Sparse -Path $Path)) {
        $To.Enqueue(@{ Start = [long]0; End = $Length })
        return
    }
    Add-Type -TypeDefinition $rangesSource
    # A handle of its own: the one that reads ahead is asynchronous, and this call is not.
    $file = [System.IO.FileStream]::new($Path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read,
        [System.IO.FileShare]'ReadWrite, Delete')
    try {
        foreach ($range in [FerryRanges]::Of($file.SafeFileHandle, $Length)) {
            $To.Enqueue(@{ Start = $range.Start; End = $range.Start + $range.Length })
        }
    } catch [System.ComponentModel.Win32Exception] {
        # A file system that does not know the question.
        $To.Enqueue(@{ Start = [long]0; End = $Length })
    } finally {
        $file.Dispose()
    }
}
