namespace Stemsharp.Export.CoreML.Reading;

/// <summary>An operation with its parameters resolved to types and, where they are constants, to values.</summary>
internal sealed class OperationView(ProgramOperation operation, IReadOnlyDictionary<string, TensorSpec> specs, IReadOnlyDictionary<string, Literal> constants)
{
    public ProgramOperation Operation => operation;

    public bool Has(string key) => operation.Inputs.ContainsKey(key);

    public TensorSpec Spec(string key) => SpecOf(Single(key));

    public IReadOnlyList<TensorSpec> Specs(string key) => [.. operation.Inputs[key].Select(SpecOf)];

    public int[] Ints(string key, params int[] otherwise) => Has(key) ? Immediate<int[]>(key) : otherwise;

    public int Int(string key, int otherwise) => Has(key) ? Scalar<int>(key) : otherwise;

    public bool Bool(string key) => Has(key) && Scalar<bool>(key);

    public string Text(string key, string otherwise) => Has(key) ? Scalar<string>(key) : otherwise;

    /// <summary>The literal behind a parameter that has to be constant.</summary>
    public Literal Constant(string key)
    {
        ParameterBinding binding = Single(key);
        if (binding.Literal is not null)
        {
            return binding.Literal;
        }

        return constants.TryGetValue(binding.Name!, out Literal? literal) ? literal : throw new FormatException($"{key} has to be a constant, and {binding.Name} is none");
    }

    public static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new FormatException(problem);
        }
    }

    private T Scalar<T>(string key) => Immediate<T[]>(key) is [T value] ? value : throw new FormatException($"{key} is {Constant(key).Spec}, and one value is needed");

    private T Immediate<T>(string key) where T : class => Constant(key).Immediate as T ?? throw new FormatException($"{key} is not the kind of constant that {operation.Type} takes");

    private ParameterBinding Single(string key) => operation.Inputs[key] is [var binding] ? binding : throw new FormatException($"{key} is bound to {operation.Inputs[key].Count} values, not one");

    private TensorSpec SpecOf(ParameterBinding binding) => binding.Literal?.Spec ?? specs[binding.Name!];
}
